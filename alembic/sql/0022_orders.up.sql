-- Tracks in the order of their length, of their artists and of their albums: see service/tracks/listing.py.

CREATE INDEX track_duration_idx ON track (library_id, coalesce(duration_ms, -1), id);
CREATE INDEX track_without_credit_idx ON track (library_id, id) WHERE credit_id IS NULL;
CREATE INDEX track_without_album_idx ON track (library_id, id) WHERE album_id IS NULL;
CREATE INDEX artist_credit_names_idx ON artist_credit ((left(names_key, 300) COLLATE "C"));
