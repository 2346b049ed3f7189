-- Merges: tracks that turned out to be others, where their ids lead, and what went over with them.

ALTER TABLE track
ADD COLUMN merged_into uuid REFERENCES track ON DELETE CASCADE,
ADD CONSTRAINT track_merged_is_deleted CHECK (merged_into IS NULL OR deleted_at IS NOT NULL);

CREATE INDEX track_merged_into_idx ON track (merged_into) WHERE merged_into IS NOT NULL;

COMMENT ON COLUMN track.merged_into IS
'The live or deleted track that this id leads to: the end of the chain when it was merged on.';

CREATE TABLE track_merge (
    track_id uuid PRIMARY KEY REFERENCES track ON DELETE CASCADE,
    survivor_id uuid NOT NULL REFERENCES track ON DELETE CASCADE,
    given bytea NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX track_merge_survivor_idx ON track_merge (survivor_id, track_id);

COMMENT ON COLUMN track_merge.survivor_id IS
'The track that it was merged into, which may have been merged into another one since.';
COMMENT ON COLUMN track_merge.given IS
'What the survivor got from it, as a serialized fonoteca.v1.Track.';

-- Items of playlists that went over. One that was dropped, because its list has a track only once, is kept
-- as it was.
CREATE TABLE track_merge_item (
    track_id uuid NOT NULL REFERENCES track_merge ON DELETE CASCADE,
    item_id uuid NOT NULL,
    playlist_id uuid NOT NULL REFERENCES playlist ON DELETE CASCADE,
    rank bigint NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    dropped_for uuid,
    PRIMARY KEY (track_id, item_id)
);

COMMENT ON COLUMN track_merge_item.dropped_for IS
'The item that its list kept instead; empty when it was not dropped.';

CREATE INDEX track_merge_item_playlist_idx ON track_merge_item (playlist_id);
