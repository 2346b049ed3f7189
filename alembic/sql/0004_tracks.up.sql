-- Tracks, with everything that belongs to one: genres, files, sources, attributes, and its processing.

CREATE TABLE track (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES library ON DELETE CASCADE,
    title text NOT NULL CHECK (title <> '' AND char_length(title) <= 1000),
    -- Cut so that any title fits into an index entry.
    title_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(title), 300)) STORED,
    credit_id uuid REFERENCES artist_credit ON DELETE RESTRICT,
    album_id uuid REFERENCES album ON DELETE RESTRICT,
    disc_number smallint CHECK (disc_number BETWEEN 1 AND 9999),
    disc_total smallint CHECK (disc_total BETWEEN 1 AND 9999),
    track_number smallint CHECK (track_number BETWEEN 1 AND 9999),
    track_total smallint CHECK (track_total BETWEEN 1 AND 9999),
    release_date partial_date,
    original_release_date partial_date,
    duration_ms integer CHECK (duration_ms >= 0),
    isrc text CHECK (isrc ~ '^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$'),
    mbid uuid,
    lyrics text CHECK (char_length(lyrics) <= 100000),
    language text CHECK (char_length(language) <= 35),
    explicit boolean,
    tempo_bpm double precision CHECK (tempo_bpm > 0 AND tempo_bpm <= 1000),
    key smallint CHECK (key BETWEEN 0 AND 11),
    mode text CHECK (mode IN ('MAJOR', 'MINOR')),
    time_signature smallint CHECK (time_signature BETWEEN 1 AND 32),
    loudness_lufs double precision CHECK (loudness_lufs BETWEEN -100 AND 20),
    energy double precision CHECK (energy BETWEEN 0 AND 1),
    danceability double precision CHECK (danceability BETWEEN 0 AND 1),
    valence double precision CHECK (valence BETWEEN 0 AND 1),
    acousticness double precision CHECK (acousticness BETWEEN 0 AND 1),
    instrumentalness double precision CHECK (instrumentalness BETWEEN 0 AND 1),
    liveness double precision CHECK (liveness BETWEEN 0 AND 1),
    speechiness double precision CHECK (speechiness BETWEEN 0 AND 1),
    popularity double precision CHECK (popularity BETWEEN 0 AND 100),
    status text NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    failure_reason text CHECK (char_length(failure_reason) <= 2000),
    label text CHECK (char_length(label) <= 500),
    comment text CHECK (char_length(comment) <= 10000),
    document bytea NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT track_failure_reason CHECK (status = 'FAILED' OR failure_reason IS NULL)
);

COMMENT ON COLUMN track.document IS
'The track as a serialized fonoteca.v1.Track: what reads return. Written with the row, from the same values.';

-- The orders of ListTracks. A missing value counts as the lowest.
CREATE INDEX track_library_idx ON track (library_id, id);
CREATE INDEX track_title_idx ON track (library_id, title_key, id);
CREATE INDEX track_release_date_idx ON track (
    library_id, coalesce(release_date::text, '') COLLATE "C", id
);
CREATE INDEX track_popularity_idx ON track (library_id, coalesce(popularity, -1), id);

-- Its filters.
CREATE INDEX track_credit_idx ON track (credit_id);
CREATE INDEX track_album_idx ON track (album_id) WHERE album_id IS NOT NULL;
CREATE INDEX track_status_idx ON track (library_id, status, id) WHERE status <> 'COMPLETED';
CREATE INDEX track_isrc_idx ON track (isrc) WHERE isrc IS NOT NULL;
CREATE INDEX track_mbid_idx ON track (mbid) WHERE mbid IS NOT NULL;

CREATE TRIGGER track_touch BEFORE UPDATE ON track
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE track_genre (
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    genre_id integer NOT NULL REFERENCES genre ON DELETE RESTRICT,
    PRIMARY KEY (track_id, position)
);

CREATE UNIQUE INDEX track_genre_key ON track_genre (genre_id, track_id);

-- Sources and files belong to one live track of a library; those of a deleted track stand aside
-- (is_live = false), so that it blocks nobody and can still come back.
CREATE TABLE track_source (
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    library_id uuid NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type <> '' AND char_length(type) <= 50),
    external_id text COLLATE "C" NOT NULL CHECK (
        external_id <> '' AND char_length(external_id) <= 500
    ),
    uri text CHECK (char_length(uri) <= 2000),
    unavailable boolean NOT NULL DEFAULT false,
    synced_at timestamptz,
    fingerprint bytea,
    is_live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (track_id, position)
);

CREATE UNIQUE INDEX track_source_external_key ON track_source (external_id, type, library_id)
WHERE is_live;

COMMENT ON COLUMN track_source.fingerprint IS
'Hash of what the last import from this source said: when it says the same again, there is nothing to do.';

CREATE TABLE audio_file (
    id uuid PRIMARY KEY,
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    library_id uuid NOT NULL,
    uri text NOT NULL CHECK (uri ~ '^(file|gs|s3|https)://' AND char_length(uri) <= 4000),
    size_bytes bigint CHECK (size_bytes >= 0),
    mime_type text CHECK (char_length(mime_type) <= 100),
    format text CHECK (char_length(format) <= 50),
    codec text CHECK (char_length(codec) <= 50),
    duration_ms integer CHECK (duration_ms >= 0),
    sample_rate_hz integer CHECK (sample_rate_hz > 0),
    channels smallint CHECK (channels > 0),
    bit_depth smallint CHECK (bit_depth > 0),
    bitrate_bps bigint CHECK (bitrate_bps > 0),
    modified_at timestamptz,
    content_hash text CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    audio_hash text CHECK (char_length(audio_hash) <= 200),
    missing_at timestamptz,
    is_live boolean NOT NULL DEFAULT true
);

CREATE UNIQUE INDEX audio_file_position_key ON audio_file (track_id, position);
-- Addresses are longer than an index entry may be, hence the hash.
CREATE UNIQUE INDEX audio_file_uri_key ON audio_file (md5(uri), library_id) WHERE is_live;
CREATE INDEX audio_file_content_hash_idx ON audio_file (content_hash, library_id)
WHERE content_hash IS NOT NULL;
CREATE INDEX audio_file_audio_hash_idx ON audio_file (audio_hash, library_id)
WHERE audio_hash IS NOT NULL;

CREATE TABLE track_attribute (
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    key text NOT NULL CHECK (key <> '' AND char_length(key) <= 100),
    text_value text CHECK (char_length(text_value) <= 10000),
    number_value double precision,
    integer_value bigint,
    flag_value boolean,
    time_value timestamptz,
    source text CHECK (char_length(source) <= 100),
    confidence double precision CHECK (confidence BETWEEN 0 AND 1),
    PRIMARY KEY (track_id, position),
    CONSTRAINT track_attribute_one_value CHECK (
        num_nonnulls(text_value, number_value, integer_value, flag_value, time_value) = 1
    )
);

-- Tracks that are PENDING or PROCESSING, and who has them.
CREATE TABLE track_task (
    track_id uuid PRIMARY KEY REFERENCES track ON DELETE CASCADE,
    library_id uuid NOT NULL,
    available_at timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease_id uuid
);

CREATE INDEX track_task_available_idx ON track_task (available_at, track_id);
CREATE INDEX track_task_library_idx ON track_task (library_id, available_at, track_id);

COMMENT ON COLUMN track_task.available_at IS
'When it may be claimed (again): at once while it is pending, at the end of the lease while it is processed.';
