-- Libraries: the boundary of ownership. And what the service keeps for itself.

CREATE TABLE library (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 200),
    source_folder text NOT NULL DEFAULT '' CHECK (char_length(source_folder) <= 4000),
    processing_strategy text NOT NULL DEFAULT '' CHECK (char_length(processing_strategy) <= 100),
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX library_name_key ON library (lower(name COLLATE unicode_case));

CREATE TRIGGER library_touch BEFORE UPDATE ON library
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

COMMENT ON TABLE library IS 'Boundary of ownership: every track, file and playlist belongs to one.';

INSERT INTO library (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'default');

-- Answers to requests that carried a request_id, so that repeating one changes nothing.
CREATE TABLE request (
    id uuid PRIMARY KEY,
    method text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX request_created_at_idx ON request (created_at);

COMMENT ON COLUMN request.fingerprint IS 'SHA-256 of the request: the same id with another request is refused.';
COMMENT ON COLUMN request.response IS 'The serialized response; written in the transaction of the change itself.';

-- Secrets that all servers of a database share. Made here, so that nobody has to configure them.
CREATE TABLE server_secret (
    name text PRIMARY KEY,
    value bytea NOT NULL
);

INSERT INTO server_secret (name, value)
VALUES ('page_token', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

COMMENT ON TABLE server_secret IS 'Keys with which servers sign what they hand out, such as page tokens.';
