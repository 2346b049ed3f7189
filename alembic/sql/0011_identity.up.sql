-- Which file is which: a missing file gives its address up, and a scan remembers what it has seen.

-- Addresses are longer than an index entry may be, hence the hash.
DROP INDEX audio_file_uri_key;
CREATE UNIQUE INDEX audio_file_uri_key ON audio_file (md5(uri), library_id)
WHERE is_live AND missing_at IS NULL;

ALTER TABLE audio_file ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();

COMMENT ON COLUMN audio_file.written_at IS
'When this row was stored: a scan that began before cannot say that the file is missing.';

CREATE INDEX audio_file_address_idx ON audio_file (library_id, left(uri, 500) COLLATE "C", id)
WHERE is_live;
CREATE INDEX audio_file_missing_idx ON audio_file (library_id, left(uri, 500) COLLATE "C", id)
WHERE is_live AND missing_at IS NOT NULL;

CREATE TABLE file_scan (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES library ON DELETE CASCADE,
    checked bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    missing bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0
);

CREATE INDEX file_scan_started_idx ON file_scan (started_at);

-- What a scan has seen. Without foreign keys, which would cost more than the rows; the end of a scan
-- empties it.
CREATE TABLE file_seen (
    scan_id uuid NOT NULL,
    file_id uuid NOT NULL,
    is_unchanged boolean NOT NULL,
    PRIMARY KEY (scan_id, file_id)
);
