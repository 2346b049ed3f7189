-- Faster and better search: typos by deletions, finer tiers, and what ranking needs beside the words.

-- How big the fields of a track are, in distinct words, and what they are before folding: ranking compares
-- them with what of the query was found in them.
ALTER TABLE track_search
ADD COLUMN title_size smallint NOT NULL DEFAULT 0,
ADD COLUMN artist_size smallint NOT NULL DEFAULT 0,
ADD COLUMN album_size smallint NOT NULL DEFAULT 0,
ADD COLUMN title_typed integer NOT NULL DEFAULT 0,
ADD COLUMN artist_typed integer NOT NULL DEFAULT 0,
ADD COLUMN album_named integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN track_search.title_size IS 'How many distinct words the title has.';
COMMENT ON COLUMN track_search.artist_size IS 'How many distinct words the displayed artists have.';
COMMENT ON COLUMN track_search.album_size IS 'How many distinct words the album title has.';
COMMENT ON COLUMN track_search.title_typed IS 'typed_hash of the title.';
COMMENT ON COLUMN track_search.artist_typed IS 'typed_hash of the artists as displayed.';
COMMENT ON COLUMN track_search.album_named IS 'hashtext of artists and album title, folded.';

-- Text as it is typed, accents and punctuation included, as a number that takes no room: equal text has
-- equal numbers. Only the case does not count.
CREATE FUNCTION public.typed_hash(plain text) RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
RETURN hashtext(lower(plain COLLATE public.unicode_case));

-- Common words are looked up in small tiers first: 0 holds some percent of the catalogue, 1 and 2 each
-- several times as much, 3 the rest. Popularity decides, from 0 to 100. A track of unknown popularity goes
-- by chance, by the random part of its id: a catalogue that knows no popularity has small tiers too.
CREATE FUNCTION public.search_tier(popularity double precision, id uuid) RETURNS smallint
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN popularity >= 70 THEN 0
    WHEN popularity >= 55 THEN 1
    WHEN popularity >= 30 THEN 2
    WHEN popularity IS NOT NULL THEN 3
    WHEN get_byte(uuid_send(id), 15) < 2 THEN 0
    WHEN get_byte(uuid_send(id), 15) < 16 THEN 1
    WHEN get_byte(uuid_send(id), 15) < 80 THEN 2
    ELSE 3
END;

ALTER TABLE track_search DROP CONSTRAINT track_search_tier_check;
ALTER TABLE track_search ADD CONSTRAINT track_search_tier_check CHECK (tier BETWEEN 0 AND 3);
COMMENT ON COLUMN track_search.tier IS 'search_tier: where common words are looked up first.';

DROP INDEX track_search_words_tier_1_idx;
CREATE INDEX track_search_words_tier_1_idx ON track_search USING gin (words) WHERE tier = 1;
CREATE INDEX track_search_words_tier_2_idx ON track_search USING gin (words) WHERE tier = 2;

-- A word, and what is left of its beginning when letters are taken away: two words are near each other
-- when they have one of these in common, each as the hash that the service computes.
--
-- Words that have not been indexed since have the tier 9, which is worse than all.
ALTER TABLE search_word
ADD COLUMN tier smallint NOT NULL DEFAULT 9,
ADD COLUMN deletions integer [] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN search_word.tier IS 'The best tier of the tracks that have, or had, the word.';
CREATE INDEX search_word_deletions_idx ON search_word USING gin (deletions);
