-- Who says what a track is, field by field. What a track was made of says its origin, once; there are rows
-- only for what was changed, locked or contradicted since.

ALTER TABLE track
ADD COLUMN origin_kind text CHECK (origin_kind IN ('TAG', 'IMPORT', 'USER', 'RULE')),
ADD COLUMN origin_name text CHECK (char_length(origin_name) <= 600);

COMMENT ON COLUMN track.origin_kind IS
'What kind of source said, at created_at, what all fields are that have no track_change. Empty: not known.';

-- The changes of fields: the last one of a field says whose value it has now.
CREATE TABLE track_change (
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL CHECK (char_length(field) BETWEEN 1 AND 50),
    number integer NOT NULL CHECK (number > 0),
    kind text NOT NULL CHECK (kind IN ('TAG', 'IMPORT', 'USER', 'RULE')),
    name text NOT NULL CHECK (char_length(name) <= 600),
    confidence double precision CHECK (confidence BETWEEN 0 AND 1),
    changed_at timestamptz NOT NULL DEFAULT now(),
    before bytea NOT NULL,
    was_locked boolean NOT NULL,
    PRIMARY KEY (track_id, field, number)
);

COMMENT ON COLUMN track_change.before IS
'The field before the change: a serialized fonoteca.v1.Track that has nothing else.';

CREATE TABLE track_lock (
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL CHECK (char_length(field) BETWEEN 1 AND 50),
    locked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (track_id, field)
);

-- What sources say of locked fields instead.
CREATE TABLE track_conflict (
    id uuid PRIMARY KEY,
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    library_id uuid NOT NULL,
    field text COLLATE "C" NOT NULL CHECK (char_length(field) BETWEEN 1 AND 50),
    kind text NOT NULL CHECK (kind IN ('TAG', 'IMPORT', 'USER', 'RULE')),
    name text NOT NULL CHECK (char_length(name) <= 600),
    confidence double precision CHECK (confidence BETWEEN 0 AND 1),
    said bytea NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    dismissed_at timestamptz
);

-- The tags of a track are those of one file at a time, wherever it lies.
CREATE UNIQUE INDEX track_conflict_source_key ON track_conflict (
    track_id, field, kind, (CASE WHEN kind = 'TAG' THEN '' ELSE name END)
);
CREATE INDEX track_conflict_library_idx ON track_conflict (library_id, id);

COMMENT ON COLUMN track_conflict.said IS
'What is said: a serialized fonoteca.v1.Track that has nothing but the field.';

-- Names in tags that may be those of several artists, for people to decide.
CREATE TABLE credit_review (
    name text COLLATE "C" PRIMARY KEY CHECK (name <> '' AND char_length(name) <= 500),
    name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(fold(name), 300)) STORED,
    names text[] CHECK (cardinality(names) > 0),
    seen_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    CONSTRAINT credit_review_decision CHECK ((names IS NULL) = (decided_at IS NULL))
);

CREATE INDEX credit_review_key_idx ON credit_review (name_key);
CREATE INDEX credit_review_open_idx ON credit_review (name) WHERE decided_at IS NULL;

COMMENT ON COLUMN credit_review.names IS
'What somebody has decided: the names that stand in it, or it alone when it is one. Empty: not decided.';
