-- A link may come before its file, so only its age tells whether the file will ever come.
ALTER TABLE file_artwork ADD COLUMN linked_at timestamptz NOT NULL DEFAULT now();

-- The address of a picture that the service keeps ends with its hash.
CREATE INDEX album_cover_hash_idx ON album_cover ((right(uri, 64) COLLATE "C"));
