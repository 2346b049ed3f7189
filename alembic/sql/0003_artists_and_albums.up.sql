-- Artists, the credits that name them, albums and genres. All libraries share them.

CREATE TABLE artist (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 500),
    -- Cut so that any name fits into an index entry.
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(name), 300)) STORED,
    sort_name text NOT NULL DEFAULT '' CHECK (char_length(sort_name) <= 500),
    disambiguation text NOT NULL DEFAULT '' CHECK (char_length(disambiguation) <= 200),
    country text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    mbid uuid,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX artist_name_key ON artist (name_key, disambiguation);
CREATE UNIQUE INDEX artist_mbid_key ON artist (mbid) WHERE mbid IS NOT NULL;

CREATE TRIGGER artist_touch BEFORE UPDATE ON artist
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE artist_alias (
    artist_id uuid NOT NULL REFERENCES artist ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 500),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(name), 300)) STORED,
    locale text NOT NULL DEFAULT '' CHECK (char_length(locale) <= 35),
    type text NOT NULL DEFAULT 'UNSPECIFIED' CHECK (
        type IN ('UNSPECIFIED', 'ARTIST_NAME', 'LEGAL_NAME', 'SEARCH_HINT', 'FORMER_NAME')
    ),
    is_primary boolean NOT NULL DEFAULT false,
    PRIMARY KEY (artist_id, position)
);

CREATE INDEX artist_alias_name_key_idx ON artist_alias (name_key, artist_id);
CREATE UNIQUE INDEX artist_alias_primary_key ON artist_alias (artist_id, locale) WHERE is_primary;

CREATE TABLE artist_link (
    artist_id uuid NOT NULL REFERENCES artist ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    type text NOT NULL CHECK (type <> '' AND char_length(type) <= 50),
    uri text NOT NULL CHECK (uri <> '' AND char_length(uri) <= 2000),
    PRIMARY KEY (artist_id, position)
);

CREATE TABLE artist_source (
    artist_id uuid NOT NULL REFERENCES artist ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    type text NOT NULL CHECK (type ~ '^[a-z0-9._-]{1,50}$'),
    external_id text NOT NULL CHECK (external_id <> '' AND char_length(external_id) <= 500),
    uri text NOT NULL DEFAULT '' CHECK (char_length(uri) <= 2000),
    unavailable boolean NOT NULL DEFAULT false,
    synced_at timestamptz,
    PRIMARY KEY (artist_id, position)
);

CREATE UNIQUE INDEX artist_source_external_key ON artist_source (type, external_id);

-- A credit is a value, not a thing: its id is the hash of its names, so that equal credits are one row
-- and a change of a credit is another credit.
CREATE TABLE artist_credit (
    id uuid PRIMARY KEY,
    display text NOT NULL,
    names_key text NOT NULL,
    words tsvector NOT NULL
);

CREATE INDEX artist_credit_words_idx ON artist_credit USING gin (words);

COMMENT ON COLUMN artist_credit.display IS 'Primary and featured names with their join phrases.';
COMMENT ON COLUMN artist_credit.names_key IS 'The displayed names, folded.';
COMMENT ON COLUMN artist_credit.words IS
'Words of all names as credited, of the artists'' own names and of their aliases, with weight B.';

CREATE TABLE artist_credit_name (
    credit_id uuid NOT NULL REFERENCES artist_credit ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    artist_id uuid NOT NULL REFERENCES artist ON DELETE RESTRICT,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 500),
    join_phrase text NOT NULL DEFAULT '' CHECK (char_length(join_phrase) <= 50),
    role text NOT NULL CHECK (
        role IN (
            'PRIMARY', 'FEATURED', 'REMIXER', 'COMPOSER', 'LYRICIST', 'PRODUCER', 'CONDUCTOR',
            'PERFORMER', 'ARRANGER', 'ENGINEER', 'DJ_MIXER'
        )
    ),
    PRIMARY KEY (credit_id, position)
);

CREATE INDEX artist_credit_name_artist_idx ON artist_credit_name (artist_id, credit_id);

CREATE TABLE album (
    id uuid PRIMARY KEY,
    title text NOT NULL CHECK (title <> '' AND char_length(title) <= 1000),
    title_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(title), 300)) STORED,
    words tsvector NOT NULL GENERATED ALWAYS AS (weighted_words(fold(title), 'C')) STORED,
    credit_id uuid REFERENCES artist_credit ON DELETE RESTRICT,
    type text NOT NULL DEFAULT 'UNSPECIFIED' CHECK (
        type IN (
            'UNSPECIFIED', 'ALBUM', 'SINGLE', 'EP', 'COMPILATION', 'LIVE', 'SOUNDTRACK', 'OTHER'
        )
    ),
    release_date partial_date,
    total_tracks smallint CHECK (total_tracks > 0),
    mbid uuid,
    barcode text NOT NULL DEFAULT '' CHECK (barcode ~ '^([0-9]{6,18})?$'),
    label text NOT NULL DEFAULT '' CHECK (char_length(label) <= 500),
    catalog_number text NOT NULL DEFAULT '' CHECK (char_length(catalog_number) <= 100),
    grouping_key text COLLATE "C",
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX album_title_key_idx ON album (title_key, id);
CREATE INDEX album_credit_idx ON album (credit_id);
CREATE INDEX album_words_idx ON album USING gin (words);
CREATE UNIQUE INDEX album_mbid_key ON album (mbid) WHERE mbid IS NOT NULL;
CREATE UNIQUE INDEX album_grouping_key ON album (grouping_key) WHERE grouping_key IS NOT NULL;

CREATE TRIGGER album_touch BEFORE UPDATE ON album
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

COMMENT ON COLUMN album.grouping_key IS
'How a track that names the album only by title and artist finds it. Stays when the album is renamed.';

CREATE TABLE album_cover (
    album_id uuid NOT NULL REFERENCES album ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    uri text NOT NULL CHECK (uri <> '' AND char_length(uri) <= 2000),
    type text NOT NULL DEFAULT 'front' CHECK (type <> '' AND char_length(type) <= 50),
    width_px integer CHECK (width_px > 0),
    height_px integer CHECK (height_px > 0),
    mime_type text NOT NULL DEFAULT '' CHECK (char_length(mime_type) <= 100),
    PRIMARY KEY (album_id, position)
);

CREATE TABLE album_source (
    album_id uuid NOT NULL REFERENCES album ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position >= 0),
    type text NOT NULL CHECK (type ~ '^[a-z0-9._-]{1,50}$'),
    external_id text NOT NULL CHECK (external_id <> '' AND char_length(external_id) <= 500),
    uri text NOT NULL DEFAULT '' CHECK (char_length(uri) <= 2000),
    unavailable boolean NOT NULL DEFAULT false,
    synced_at timestamptz,
    PRIMARY KEY (album_id, position)
);

CREATE UNIQUE INDEX album_source_external_key ON album_source (type, external_id);

CREATE TABLE genre (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 100),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(name), 300)) STORED,
    parent_id integer REFERENCES genre ON DELETE SET NULL CHECK (parent_id <> id)
);

CREATE UNIQUE INDEX genre_name_key ON genre (name_key);
CREATE INDEX genre_parent_idx ON genre (parent_id) WHERE parent_id IS NOT NULL;
