-- What can be brought back is listed by itself: a merged track is hidden, too, but not brought back.
CREATE INDEX track_deleted_idx ON track (library_id, id)
WHERE deleted_at IS NOT NULL AND merged_into IS NULL;
