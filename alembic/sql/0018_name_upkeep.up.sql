-- Of names and titles that are equally popular the shorter ones come first, also where the index ends the
-- list of a beginning that many have.

DROP INDEX name_search_letter_idx;
CREATE INDEX name_search_letter_idx ON name_search (
    kind, left(name_key, 1), popularity DESC, char_length(name_key), subject, name_key
) WHERE tier = 0;

DROP INDEX name_search_letters_idx;
CREATE INDEX name_search_letters_idx ON name_search (
    kind, left(name_key, 3), popularity DESC, char_length(name_key), subject, name_key
) WHERE tier = 0;

DROP INDEX track_search_letter_idx;
CREATE INDEX track_search_letter_idx ON track_search (
    left(title_key, 1), popularity DESC, char_length(title_key), track_id, title_key
) WHERE popularity >= 60;

DROP INDEX track_search_letters_idx;
CREATE INDEX track_search_letters_idx ON track_search (
    left(title_key, 3), popularity DESC, char_length(title_key), track_id, title_key
) WHERE popularity >= 60;

-- The best tier of a word rises while tracks come in: with room on its page for a new version of the row, no
-- index is written again.
ALTER TABLE search_word SET (fillfactor = 70);
