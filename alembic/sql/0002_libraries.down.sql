DROP TABLE server_secret;
DROP TABLE request;
DROP TABLE library;
