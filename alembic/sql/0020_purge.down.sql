DROP INDEX album_cover_hash_idx;
ALTER TABLE file_artwork DROP COLUMN linked_at;
