DROP TABLE search_word;
DROP TABLE track_search;
