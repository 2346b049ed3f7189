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
