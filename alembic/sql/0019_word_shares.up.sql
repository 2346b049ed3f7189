-- How common each common word is, where a search finds it beside the word, without asking the statistics.

CREATE TABLE common_word (
    word text COLLATE "C" PRIMARY KEY,
    share real NOT NULL CHECK (share > 0)
);

COMMENT ON TABLE common_word IS 'The words that many tracks have, as upkeep found them in the statistics.';
COMMENT ON COLUMN common_word.share IS 'What part of all tracks has the word, 0 to 1.';

ALTER TABLE search_upkeep ADD COLUMN weighed_at timestamptz;
COMMENT ON COLUMN search_upkeep.weighed_at IS 'When common words had last been looked for.';
