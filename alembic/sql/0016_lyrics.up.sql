-- What is sung, apart from what search reads otherwise: only live, completed tracks with lyrics have a row,
-- which is asked when the names of tracks do not answer a query. Like track_search it has no foreign keys.
CREATE TABLE track_lyrics (
    track_id uuid PRIMARY KEY,
    library_id uuid NOT NULL,
    tier smallint NOT NULL,
    lyrics tsvector NOT NULL,
    words tsvector NOT NULL
);

COMMENT ON COLUMN track_lyrics.tier IS 'As that of track_search.';
COMMENT ON COLUMN track_lyrics.lyrics IS 'The words of the lyrics, without positions.';
COMMENT ON COLUMN track_lyrics.words IS
'These and the words of track_search: a query may have some of the name and some of the song.';

CREATE INDEX track_lyrics_words_tier_0_idx ON track_lyrics USING gin (words) WHERE tier = 0;
CREATE INDEX track_lyrics_words_tier_1_idx ON track_lyrics USING gin (words) WHERE tier = 1;
CREATE INDEX track_lyrics_words_tier_2_idx ON track_lyrics USING gin (words) WHERE tier = 2;
CREATE INDEX track_lyrics_words_idx ON track_lyrics USING gin (words);

-- Upkeep makes the rows of the tracks that have lyrics already.
CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 2;

UPDATE search_upkeep
SET fold_version = 2, round_fold_version = 2
WHERE NOT EXISTS (SELECT FROM track WHERE lyrics IS NOT NULL);

-- Of tracks that are equally good, the newest comes first.
DROP INDEX track_search_artist_idx;
DROP INDEX track_search_title_idx;
CREATE INDEX track_search_title_idx ON track_search (title_key, popularity DESC, track_id DESC);
CREATE INDEX track_search_artist_idx ON track_search (artist_key, popularity DESC, track_id DESC);
