ALTER TABLE file_artwork DROP COLUMN linked_at;
