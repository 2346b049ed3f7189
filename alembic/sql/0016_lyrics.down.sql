DROP INDEX track_search_artist_idx;
DROP INDEX track_search_title_idx;
CREATE INDEX track_search_title_idx ON track_search (title_key, popularity DESC, track_id);
CREATE INDEX track_search_artist_idx ON track_search (artist_key, popularity DESC, track_id);
UPDATE search_upkeep SET fold_version = 1, round_fold_version = 1;
CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 1;
DROP TABLE track_lyrics;
