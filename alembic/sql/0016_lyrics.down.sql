DROP INDEX track_search_artist_idx;
DROP INDEX track_search_title_idx;
CREATE INDEX track_search_title_idx ON track_search (title_key, popularity DESC, track_id);
CREATE INDEX track_search_artist_idx ON track_search (artist_key, popularity DESC, track_id);
