-- Playlists and their items.

CREATE TABLE playlist (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES library ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 500),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 10000),
    owner text NOT NULL DEFAULT '' CHECK (char_length(owner) <= 200),
    is_public boolean NOT NULL DEFAULT false,
    is_collaborative boolean NOT NULL DEFAULT false,
    unique_tracks boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 100),
    item_count integer NOT NULL DEFAULT 0 CHECK (item_count BETWEEN 0 AND 100000),
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);

CREATE INDEX playlist_library_idx ON playlist (library_id, id);
CREATE INDEX playlist_owner_idx ON playlist (owner, id) WHERE owner <> '';
-- Without a list of pending entries, which every reader would have to go through.
CREATE INDEX playlist_tags_idx ON playlist USING gin (tags) WITH (fastupdate = off);

CREATE TRIGGER playlist_touch BEFORE UPDATE ON playlist
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

COMMENT ON COLUMN playlist.version IS 'Of the items: one up with every change of them.';
COMMENT ON COLUMN playlist.revision IS 'Of the other columns: the etag.';

CREATE TABLE playlist_item (
    id uuid PRIMARY KEY,
    playlist_id uuid NOT NULL REFERENCES playlist ON DELETE CASCADE,
    rank bigint NOT NULL,
    track_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    added_by text NOT NULL DEFAULT '' CHECK (char_length(added_by) <= 200),
    added_at timestamptz NOT NULL DEFAULT now(),
    -- Checked at the end of a statement's transaction, so that items may pass through each other.
    CONSTRAINT playlist_item_rank_key UNIQUE (playlist_id, rank) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX playlist_item_track_idx ON playlist_item (track_id, playlist_id);

COMMENT ON COLUMN playlist_item.rank IS
'Order within the playlist, with gaps, so that an insertion touches its own rows only. Never shown.';
