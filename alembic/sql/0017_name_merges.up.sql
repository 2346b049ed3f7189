-- Merges of artists and albums. What was merged has no row of its own any more, so that nothing has to look
-- past it; what it was, where its id and its names lead, and what went over from it is kept here.

CREATE TABLE artist_merge (
    artist_id uuid PRIMARY KEY,
    survivor_id uuid NOT NULL,
    leads_to uuid NOT NULL REFERENCES artist ON DELETE CASCADE,
    name text NOT NULL,
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(name), 300)) STORED,
    disambiguation text NOT NULL,
    artist bytea NOT NULL,
    given bytea NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX artist_merge_leads_to_idx ON artist_merge (leads_to, artist_id);
CREATE INDEX artist_merge_survivor_idx ON artist_merge (survivor_id);
CREATE INDEX artist_merge_name_key_idx ON artist_merge (name_key);

COMMENT ON COLUMN artist_merge.survivor_id IS
'The artist that it was merged into, which may have been merged into another one since.';
COMMENT ON COLUMN artist_merge.leads_to IS 'The artist that the id leads to: the end of the chain.';
COMMENT ON COLUMN artist_merge.artist IS 'The artist as it was: a serialized fonoteca.v1.Artist.';
COMMENT ON COLUMN artist_merge.given IS
'What the survivor got from it, as a serialized fonoteca.v1.Artist.';

-- No foreign key: tracks and albums that are gone are passed over when a merge is taken back.
CREATE TABLE artist_merge_name (
    artist_id uuid NOT NULL REFERENCES artist_merge ON DELETE CASCADE,
    subject uuid NOT NULL,
    position smallint NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    PRIMARY KEY (artist_id, subject, position)
);

COMMENT ON TABLE artist_merge_name IS
'Which names, in the credits of which tracks and albums, were those of a merged artist.';

CREATE TABLE album_merge (
    album_id uuid PRIMARY KEY,
    survivor_id uuid NOT NULL,
    leads_to uuid NOT NULL REFERENCES album ON DELETE CASCADE,
    mbid uuid,
    grouping_key text COLLATE "C",
    album bytea NOT NULL,
    given bytea NOT NULL,
    cover_hashes text[] COLLATE "C" NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX album_merge_leads_to_idx ON album_merge (leads_to, album_id);
CREATE INDEX album_merge_survivor_idx ON album_merge (survivor_id);
CREATE INDEX album_merge_mbid_idx ON album_merge (mbid) WHERE mbid IS NOT NULL;
CREATE INDEX album_merge_grouping_idx ON album_merge (grouping_key) WHERE grouping_key IS NOT NULL;
CREATE INDEX album_merge_covers_idx ON album_merge USING gin (cover_hashes);

COMMENT ON COLUMN album_merge.survivor_id IS
'The album that it was merged into, which may have been merged into another one since.';
COMMENT ON COLUMN album_merge.leads_to IS 'The album that the id leads to: the end of the chain.';
COMMENT ON COLUMN album_merge.album IS 'The album as it was: a serialized fonoteca.v1.Album.';
COMMENT ON COLUMN album_merge.given IS
'What the survivor got from it, as a serialized fonoteca.v1.Album.';
COMMENT ON COLUMN album_merge.cover_hashes IS
'How the addresses of its covers end: the hashes of pictures that it needs when it comes back.';

CREATE TABLE album_merge_track (
    album_id uuid NOT NULL REFERENCES album_merge ON DELETE CASCADE,
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    PRIMARY KEY (album_id, track_id)
);

CREATE INDEX album_merge_track_idx ON album_merge_track (track_id);

COMMENT ON TABLE album_merge_track IS 'The tracks that were on a merged album.';

CREATE TABLE album_merge_folder (
    album_id uuid NOT NULL REFERENCES album_merge ON DELETE CASCADE,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (album_id, key)
);

COMMENT ON TABLE album_merge_folder IS 'The folders, as in album_folder, that a merged album had.';

-- The artist that an id leads to.
CREATE FUNCTION public.leading_artist(id uuid) RETURNS uuid
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN coalesce((SELECT m.leads_to FROM artist_merge AS m WHERE m.artist_id = id), id);

-- The album that an id leads to.
CREATE FUNCTION public.leading_album(id uuid) RETURNS uuid
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN coalesce((SELECT m.leads_to FROM album_merge AS m WHERE m.album_id = id), id);

-- The grouping keys of the albums that a title and an artist may mean: that of the artist itself, then
-- those of the artists that were merged into it.
CREATE FUNCTION public.grouping_keys(title_key text, artist_id uuid) RETURNS text[]
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN ARRAY[title_key || '|' || coalesce(artist_id::text, '')] || ARRAY(
    SELECT grouping_keys.title_key || '|' || m.artist_id::text
    FROM artist_merge AS m
    WHERE m.leads_to = grouping_keys.artist_id
    ORDER BY m.artist_id
);

-- A folded name without "the" at either end and without spaces: what is left of it however it is written.
CREATE FUNCTION public.name_letters(name_key text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
RETURN replace(
    replace(' ' || regexp_replace(name_key, '^the | the$', '', 'g') || ' ', ' n ', ' and '), ' ', ''
);

-- The keys that duplicates share.
CREATE INDEX artist_letters_idx ON artist ((name_letters(name_key) COLLATE "C"));
CREATE INDEX album_barcode_idx ON album ((ltrim(barcode, '0') COLLATE "C")) WHERE barcode <> '';
