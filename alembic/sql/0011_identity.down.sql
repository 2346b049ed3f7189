DROP TABLE file_seen;
DROP TABLE file_scan;
DROP INDEX audio_file_missing_idx;
DROP INDEX audio_file_address_idx;
ALTER TABLE audio_file DROP COLUMN written_at;
DROP INDEX audio_file_uri_key;

-- An address belongs to one file again: missing ones make room.
DELETE FROM audio_file AS gone
USING audio_file AS other
WHERE gone.missing_at IS NOT NULL
    AND gone.is_live
    AND other.is_live
    AND md5(other.uri) = md5(gone.uri)
    AND other.library_id = gone.library_id
    AND (other.missing_at IS NULL OR other.id > gone.id);

CREATE UNIQUE INDEX audio_file_uri_key ON audio_file (md5(uri), library_id) WHERE is_live;
