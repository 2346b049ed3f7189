-- Common words are looked up in the statistics again.

ALTER TABLE search_upkeep DROP COLUMN weighed_at;
DROP TABLE common_word;
