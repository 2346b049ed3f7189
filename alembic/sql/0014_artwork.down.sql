DROP TABLE file_artwork;
DROP TABLE artwork;
