-- A link may come before its file, so only its age tells whether the file will ever come.
ALTER TABLE file_artwork ADD COLUMN linked_at timestamptz NOT NULL DEFAULT now();
