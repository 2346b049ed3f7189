DROP TABLE playlist_item;
DROP TABLE playlist;
