-- What search reads: one narrow row for each live, completed track, written in the transaction of the track.
--
-- No foreign keys and nothing unique but the key, so that the table can be partitioned or moved.

CREATE TABLE track_search (
    track_id uuid PRIMARY KEY,
    library_id uuid NOT NULL,
    tier smallint NOT NULL CHECK (tier BETWEEN 0 AND 2),
    popularity real NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    artist_key text COLLATE "C" NOT NULL,
    words tsvector NOT NULL
);

COMMENT ON COLUMN track_search.tier IS
'0 for the most popular tracks, 1 for the well-known ones, 2 for the rest: common words are looked up in the small tiers first.';
COMMENT ON COLUMN track_search.words IS 'Weight A: title, B: artists, C: album, D: genres.';

CREATE INDEX track_search_words_idx ON track_search USING gin (words);
CREATE INDEX track_search_words_tier_0_idx ON track_search USING gin (words) WHERE tier = 0;
CREATE INDEX track_search_words_tier_1_idx ON track_search USING gin (words) WHERE tier <= 1;
CREATE INDEX track_search_title_idx ON track_search (title_key, popularity DESC, track_id);
CREATE INDEX track_search_artist_idx ON track_search (artist_key, popularity DESC, track_id);

-- Every distinct word of the index: misspelt words of a query are mended against these.
CREATE TABLE search_word (
    word text COLLATE "C" PRIMARY KEY
);

CREATE INDEX search_word_trigram_idx ON search_word USING gin (word gin_trgm_ops);
