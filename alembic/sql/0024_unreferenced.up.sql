-- Since when nothing refers to something is known only to whoever looked: no reference says when it ended.
CREATE TABLE unreferenced (
    kind text NOT NULL,
    key text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unreferenced_pkey PRIMARY KEY (kind, key)
);

COMMENT ON TABLE unreferenced IS 'What a purge has found without a reference, and has not found with one since.';

COMMENT ON COLUMN unreferenced.key IS 'The id of an album or artist, the hash of a picture or of the file of a link, the address of a sent file.';

-- The ids in a serialized message stand there as plain text. A title that looks like an id is one too many.
CREATE FUNCTION ids_in(message bytea) RETURNS uuid[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(
        SELECT m.found[1]::uuid
        FROM regexp_matches(
            encode(message, 'escape'), '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g'
        ) AS m (found)
    );

COMMENT ON FUNCTION ids_in(bytea) IS 'The ids that a serialized message names.';

-- A merged album comes back with its artists.
CREATE INDEX album_merge_ids_idx ON album_merge USING gin (ids_in(album));
