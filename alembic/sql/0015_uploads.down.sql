DROP TABLE file_reading;
