DROP TABLE album_folder;
DROP TABLE file_artwork;
DROP TABLE artwork;
