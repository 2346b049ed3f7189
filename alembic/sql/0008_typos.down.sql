DROP INDEX search_word_deletions_idx;
ALTER TABLE search_word DROP COLUMN deletions, DROP COLUMN tier;
DROP INDEX track_search_words_tier_2_idx;
DROP INDEX track_search_words_tier_1_idx;
CREATE INDEX track_search_words_tier_1_idx ON track_search USING gin (words) WHERE tier <= 1;
UPDATE track_search SET tier = 2 WHERE tier = 3;
ALTER TABLE track_search DROP CONSTRAINT track_search_tier_check;
ALTER TABLE track_search ADD CONSTRAINT track_search_tier_check CHECK (tier BETWEEN 0 AND 2);
COMMENT ON COLUMN track_search.tier IS
'0 for the most popular tracks, 1 for the well-known ones, 2 for the rest: common words are looked up in the small tiers first.';
DROP FUNCTION search_tier(double precision, uuid);
ALTER TABLE track_search
DROP COLUMN album_named,
DROP COLUMN artist_typed,
DROP COLUMN title_typed,
DROP COLUMN album_size,
DROP COLUMN artist_size,
DROP COLUMN title_size;
DROP FUNCTION typed_hash(text);
