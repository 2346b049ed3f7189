-- Files that wait to be read by a server of the catalogue, as tracks wait for workers in track_task.
CREATE TABLE file_reading (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES library ON DELETE CASCADE,
    scan_id uuid NOT NULL,
    uri text NOT NULL CHECK (char_length(uri) <= 4000),
    track_id uuid REFERENCES track ON DELETE CASCADE,
    available_at timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease_id uuid,
    failure text CHECK (char_length(failure) <= 2000)
);

COMMENT ON COLUMN file_reading.track_id IS
'The pending track that was made for the file; NULL for a changed file of a known track.';
COMMENT ON COLUMN file_reading.failure IS
'Why it was given up. Such a row is out of the queue and stays for the scan that asks for it.';

-- Addresses are longer than an index entry may be, hence the hash.
CREATE UNIQUE INDEX file_reading_uri_key ON file_reading (md5(uri), library_id);
CREATE INDEX file_reading_available_idx ON file_reading (available_at, id) WHERE failure IS NULL;
CREATE INDEX file_reading_scan_idx ON file_reading (scan_id, id);
CREATE INDEX file_reading_track_idx ON file_reading (track_id) WHERE track_id IS NOT NULL;
