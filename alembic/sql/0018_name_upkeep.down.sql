DROP FUNCTION names_of(uuid []);

UPDATE search_upkeep SET stage = 'words', position = '' WHERE stage = 'names';
ALTER TABLE search_upkeep DROP CONSTRAINT search_upkeep_stage_check;
ALTER TABLE search_upkeep ADD CONSTRAINT search_upkeep_stage_check CHECK (
    stage IN ('genres', 'artists', 'credits', 'albums', 'titles', 'entries', 'words')
);

ALTER TABLE search_word RESET (fillfactor);

DROP INDEX track_search_letters_idx;
CREATE INDEX track_search_letters_idx ON track_search (
    left(title_key, 3), popularity DESC, track_id, title_key
) WHERE popularity >= 60;

DROP INDEX track_search_letter_idx;
CREATE INDEX track_search_letter_idx ON track_search (
    left(title_key, 1), popularity DESC, track_id, title_key
) WHERE popularity >= 60;

DROP INDEX name_search_letters_idx;
CREATE INDEX name_search_letters_idx ON name_search (
    kind, left(name_key, 3), popularity DESC, subject, name_key
) WHERE tier = 0;

DROP INDEX name_search_letter_idx;
CREATE INDEX name_search_letter_idx ON name_search (
    kind, left(name_key, 1), popularity DESC, subject, name_key
) WHERE tier = 0;
