-- Pictures by their content, and which of them go with which bytes of audio files.

CREATE TABLE artwork (
    hash text COLLATE "C" PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
    mime_type text NOT NULL CHECK (char_length(mime_type) <= 100),
    width_px integer NOT NULL CHECK (width_px > 0),
    height_px integer NOT NULL CHECK (height_px > 0),
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- By content and not by file: known before the file is imported, and wherever it goes.
CREATE TABLE file_artwork (
    content_hash text COLLATE "C" NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    position smallint NOT NULL CHECK (position >= 0),
    hash text COLLATE "C" NOT NULL REFERENCES artwork ON DELETE CASCADE,
    type text NOT NULL CHECK (type <> '' AND char_length(type) <= 50),
    origin text NOT NULL CHECK (origin IN ('EMBEDDED', 'FOLDER')),
    PRIMARY KEY (content_hash, position)
);

CREATE INDEX file_artwork_hash_idx ON file_artwork (hash);

-- Albums of files are told apart by their folders. A folder with a title and an album artist is known by
-- the hash of the three.
CREATE TABLE album_folder (
    key text COLLATE "C" PRIMARY KEY CHECK (key ~ '^[0-9a-f]{32}$'),
    album_id uuid NOT NULL REFERENCES album ON DELETE CASCADE,
    is_implied boolean NOT NULL
);

CREATE INDEX album_folder_album_idx ON album_folder (album_id);

COMMENT ON COLUMN album_folder.is_implied IS
'Whether the files name no album artist, so that the artist of the album is that of its tracks.';
