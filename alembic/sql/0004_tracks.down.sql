DROP TABLE track_task;
DROP TABLE track_attribute;
DROP TABLE audio_file;
DROP TABLE track_source;
DROP TABLE track_genre;
DROP TABLE track;
