-- name: create_playlist
-- One new playlist. playlist_library_id_fkey refuses an unknown library.
INSERT INTO playlist (
    id, library_id, name, description, owner, is_public, is_collaborative, unique_tracks, tags
)
VALUES (
    %(id)s::uuid,
    %(library_id)s::uuid,
    %(name)s::text,
    %(description)s::text,
    %(owner)s::text,
    %(is_public)s::boolean,
    %(is_collaborative)s::boolean,
    %(unique_tracks)s::boolean,
    %(tags)s::text[]
);

-- name: get_playlist
-- One playlist, also a deleted one, with the length of its tracks. Primary keys, playlist_item_rank_key.
SELECT
    id, library_id, name, description, owner, is_public, is_collaborative, unique_tracks, tags,
    item_count, version, revision, created_at, updated_at, deleted_at,
    (
        SELECT coalesce(sum(track.duration_ms), 0)::bigint
        FROM playlist_item AS item
        JOIN track ON track.id = item.track_id AND track.deleted_at IS NULL
        WHERE item.playlist_id = playlist.id
    ) AS duration_ms
FROM playlist
WHERE id = %(id)s::uuid;

-- name: get_playlists
-- Live playlists in the order of the ids, with the length of their tracks. Primary keys,
-- playlist_item_rank_key.
SELECT
    p.id, p.library_id, p.name, p.description, p.owner, p.is_public, p.is_collaborative,
    p.unique_tracks, p.tags, p.item_count, p.version, p.revision, p.created_at, p.updated_at,
    p.deleted_at,
    (
        SELECT coalesce(sum(track.duration_ms), 0)::bigint
        FROM playlist_item AS item
        JOIN track ON track.id = item.track_id AND track.deleted_at IS NULL
        WHERE item.playlist_id = p.id
    ) AS duration_ms
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS wanted (id, ordinal)
JOIN playlist AS p ON p.id = wanted.id AND p.deleted_at IS NULL
ORDER BY wanted.ordinal;

-- name: list_playlists
-- A page of playlists, the newest first: those with a smaller id than `before`. Each filter is off when it
-- is NULL. Primary key, playlist_library_idx, playlist_owner_idx or playlist_tags_idx, as the filters are.
SELECT
    id, library_id, name, description, owner, is_public, is_collaborative, unique_tracks, tags,
    item_count, version, revision, created_at, updated_at, deleted_at,
    (
        SELECT coalesce(sum(track.duration_ms), 0)::bigint
        FROM playlist_item AS item
        JOIN track ON track.id = item.track_id AND track.deleted_at IS NULL
        WHERE item.playlist_id = playlist.id
    ) AS duration_ms
FROM playlist
WHERE id < %(before)s::uuid
    AND (%(library_id)s::uuid IS NULL OR library_id = %(library_id)s::uuid)
    AND (%(owner)s::text IS NULL OR owner = %(owner)s::text)
    AND (%(tag)s::text IS NULL OR tags @> ARRAY[%(tag)s::text])
    AND (deleted_at IS NULL OR %(with_deleted)s::boolean)
ORDER BY id DESC
LIMIT %(limit)s::integer;

-- name: lock_playlist
-- One playlist, held until the transaction ends: changes of its items happen one after the other.
-- Primary key.
SELECT
    id, library_id, item_count, unique_tracks, version, revision,
    deleted_at IS NOT NULL AS is_deleted
FROM playlist
WHERE id = %(id)s::uuid
FOR UPDATE;

-- name: update_playlist
-- New values for a playlist that is locked. Primary key.
UPDATE playlist
SET
    name = %(name)s::text,
    description = %(description)s::text,
    is_public = %(is_public)s::boolean,
    is_collaborative = %(is_collaborative)s::boolean,
    unique_tracks = %(unique_tracks)s::boolean,
    tags = %(tags)s::text[],
    revision = revision + 1
WHERE id = %(id)s::uuid;

-- name: set_deleted
-- Marks a playlist that is locked as deleted, or as live again. Primary key.
UPDATE playlist
SET
    deleted_at = CASE WHEN %(deleted)s::boolean THEN now() END,
    revision = revision + 1
WHERE id = %(id)s::uuid;

-- name: new_version
-- Counts a change of the items of a playlist that is locked. Primary key.
UPDATE playlist
SET version = version + 1, item_count = item_count + %(added)s::integer
WHERE id = %(id)s::uuid
RETURNING version;

-- name: first_missing_track
-- The first of some tracks that is not a live one of the library. Primary key of track.
SELECT wanted.id
FROM unnest(%(track_ids)s::uuid[]) WITH ORDINALITY AS wanted (id, position)
WHERE NOT EXISTS (
    SELECT FROM track
    WHERE track.id = wanted.id
        AND track.library_id = %(library_id)s::uuid
        AND track.deleted_at IS NULL
)
ORDER BY wanted.position
LIMIT 1;

-- name: first_present_track
-- The first of some tracks that a playlist has already. playlist_item_track_idx.
SELECT wanted.id
FROM unnest(%(track_ids)s::uuid[]) WITH ORDINALITY AS wanted (id, position)
WHERE EXISTS (
    SELECT FROM playlist_item
    WHERE playlist_item.track_id = wanted.id
        AND playlist_item.playlist_id = %(playlist_id)s::uuid
)
ORDER BY wanted.position
LIMIT 1;

-- name: repeated_track
-- A track that a playlist has more than once. playlist_item_rank_key.
SELECT track_id
FROM playlist_item
WHERE playlist_id = %(playlist_id)s::uuid
GROUP BY track_id
HAVING count(*) > 1
LIMIT 1;

-- name: gap_before_item
-- The ranks between which something is put that comes before an item; items that are about to move do not
-- count. Primary key, playlist_item_rank_key.
SELECT
    (
        SELECT max(other.rank)
        FROM playlist_item AS other
        WHERE other.playlist_id = item.playlist_id
            AND other.rank < item.rank
            AND other.id <> ALL(%(moving)s::uuid[])
    ) AS low,
    item.rank AS high
FROM playlist_item AS item
WHERE item.id = %(before)s::uuid AND item.playlist_id = %(playlist_id)s::uuid;

-- name: gap_at_end
-- The rank after which something is put that comes last; items that are about to move do not count.
-- playlist_item_rank_key.
SELECT max(rank) AS low, NULL::bigint AS high
FROM playlist_item
WHERE playlist_id = %(playlist_id)s::uuid AND id <> ALL(%(moving)s::uuid[]);

-- name: count_items_below
-- How many items come before a rank: the position of the item that has it. playlist_item_rank_key.
SELECT count(*)
FROM playlist_item
WHERE playlist_id = %(playlist_id)s::uuid AND rank < %(rank)s::bigint;

-- name: add_items
-- New items of a playlist that is locked.
INSERT INTO playlist_item (id, playlist_id, rank, track_id, added_by)
SELECT new.id, %(playlist_id)s::uuid, new.rank, new.track_id, %(added_by)s::text
FROM unnest(%(ids)s::uuid[], %(ranks)s::bigint[], %(track_ids)s::uuid[])
    AS new (id, rank, track_id)
RETURNING id, track_id, rank, added_by, added_at;

-- name: get_items
-- Some items of a playlist. Primary key.
SELECT id, track_id, rank, added_by, added_at
FROM playlist_item
WHERE id = ANY(%(ids)s::uuid[]) AND playlist_id = %(playlist_id)s::uuid;

-- name: list_items
-- The version of a live playlist and a page of its items, those after a rank, as of one instant: at least
-- one row, without an item when there is none. Primary keys, playlist_item_rank_key.
SELECT playlist.version, item.id, item.track_id, item.rank, item.added_by, item.added_at, item.document
FROM playlist
LEFT JOIN LATERAL (
    SELECT
        listed.id, listed.track_id, listed.rank, listed.added_by, listed.added_at, track.document
    FROM playlist_item AS listed
    LEFT JOIN track ON track.id = listed.track_id AND track.deleted_at IS NULL
    WHERE listed.playlist_id = playlist.id AND listed.rank > %(after)s::bigint
    ORDER BY listed.rank
    LIMIT %(limit)s::integer
) AS item ON true
WHERE playlist.id = %(playlist_id)s::uuid AND playlist.deleted_at IS NULL
ORDER BY item.rank;

-- name: set_ranks
-- New places for some items of a playlist that is locked. Primary key.
UPDATE playlist_item
SET rank = moved.rank
FROM unnest(%(ids)s::uuid[], %(ranks)s::bigint[]) AS moved (id, rank)
WHERE playlist_item.id = moved.id
RETURNING
    playlist_item.id, playlist_item.track_id, playlist_item.rank, playlist_item.added_by,
    playlist_item.added_at;

-- name: renumber_items
-- The same order with new gaps, for all items of a playlist that is locked. playlist_item_rank_key, primary
-- key.
UPDATE playlist_item
SET rank = numbered.rank
FROM (
    SELECT id, row_number() OVER (ORDER BY rank) * %(step)s::bigint AS rank
    FROM playlist_item
    WHERE playlist_id = %(playlist_id)s::uuid
) AS numbered
WHERE playlist_item.id = numbered.id;

-- name: remove_items
-- Drops some items of a playlist that is locked. Primary key.
DELETE FROM playlist_item
WHERE id = ANY(%(ids)s::uuid[]) AND playlist_id = %(playlist_id)s::uuid
RETURNING id;

-- name: lock_playlists_of_tracks
-- The playlists that have some tracks, held until the transaction ends, in the order of their ids.
-- playlist_item_track_idx, primary key.
SELECT id
FROM playlist
WHERE id IN (SELECT item.playlist_id FROM playlist_item AS item WHERE item.track_id = ANY(%(ids)s::uuid[]))
ORDER BY id
FOR UPDATE;

-- name: lock_playlists_of_merge
-- The playlists of which a merge changed items, held in the same way. Primary keys.
SELECT id
FROM playlist
WHERE id IN (
    SELECT moved.playlist_id FROM track_merge_item AS moved WHERE moved.track_id = %(track_id)s::uuid
)
ORDER BY id
FOR UPDATE;

-- name: replace_tracks
-- Lets the items of merged tracks, in locked playlists, lead to another track; drops those that a playlist
-- may have no more. Remembers what they were, and counts a change of each playlist.
-- playlist_item_track_idx, primary keys.
WITH item AS MATERIALIZED (
    SELECT
        listed.id, listed.playlist_id, listed.rank, listed.track_id, listed.added_by, listed.added_at,
        CASE
            WHEN playlist.unique_tracks THEN nullif(
                coalesce(
                    (
                        SELECT own.id
                        FROM playlist_item AS own
                        WHERE own.track_id = %(survivor_id)s::uuid
                            AND own.playlist_id = listed.playlist_id
                        LIMIT 1
                    ),
                    first_value(listed.id) OVER (
                        PARTITION BY listed.playlist_id ORDER BY listed.rank
                    )
                ),
                listed.id
            )
        END AS dropped_for
    FROM playlist_item AS listed
    JOIN playlist ON playlist.id = listed.playlist_id
    WHERE listed.track_id = ANY(%(ids)s::uuid[])
),

moved AS (
    UPDATE playlist_item
    SET track_id = %(survivor_id)s::uuid
    FROM item
    WHERE playlist_item.id = item.id AND item.dropped_for IS NULL
),

dropped AS (
    DELETE FROM playlist_item WHERE id IN (SELECT item.id FROM item WHERE item.dropped_for IS NOT NULL)
),

remembered AS (
    INSERT INTO track_merge_item (
        track_id, item_id, playlist_id, rank, added_by, added_at, dropped_for
    )
    SELECT track_id, id, playlist_id, rank, added_by, added_at, dropped_for FROM item
),

counted AS (
    UPDATE playlist
    SET version = version + 1, item_count = item_count - changed.dropped
    FROM (
        SELECT playlist_id, count(dropped_for) AS dropped
        FROM item
        GROUP BY playlist_id
    ) AS changed
    WHERE playlist.id = changed.playlist_id
)

SELECT count(*) - count(dropped_for) AS moved, count(dropped_for) AS dropped FROM item;

-- name: return_track
-- Lets the items that a merge moved, in locked playlists, lead to the merged track again, as far as they are
-- left. What it dropped comes back where it was, or at the end when that place is taken, as long as its
-- playlist has room and the item that it kept instead. Counts a change of each playlist. Primary keys,
-- playlist_item_rank_key, playlist_item_track_idx.
WITH item AS MATERIALIZED (
    SELECT item_id, playlist_id, rank, added_by, added_at, dropped_for
    FROM track_merge_item
    WHERE track_id = %(track_id)s::uuid
),

returned AS (
    UPDATE playlist_item
    SET track_id = %(track_id)s::uuid
    FROM item
    WHERE playlist_item.id = item.item_id AND playlist_item.track_id = %(survivor_id)s::uuid
    RETURNING playlist_item.playlist_id, 0 AS added
),

restored AS (
    INSERT INTO playlist_item (id, playlist_id, rank, track_id, added_by, added_at)
    SELECT
        item.item_id,
        item.playlist_id,
        CASE
            WHEN EXISTS (
                SELECT FROM playlist_item AS other
                WHERE other.playlist_id = item.playlist_id AND other.rank = item.rank
            ) THEN (
                SELECT max(other.rank) + %(step)s::bigint
                FROM playlist_item AS other
                WHERE other.playlist_id = item.playlist_id
            )
            ELSE item.rank
        END,
        %(track_id)s::uuid,
        item.added_by,
        item.added_at
    FROM item
    JOIN playlist ON playlist.id = item.playlist_id
    WHERE playlist.item_count < %(max_items)s::integer
        AND EXISTS (
            SELECT FROM playlist_item AS kept
            WHERE kept.id = item.dropped_for AND kept.playlist_id = item.playlist_id
        )
    RETURNING playlist_id, 1 AS added
)

UPDATE playlist
SET version = version + 1, item_count = item_count + changed.added
FROM (
    SELECT playlist_id, sum(added) AS added
    FROM (SELECT playlist_id, added FROM returned UNION ALL SELECT playlist_id, added FROM restored) AS one
    GROUP BY playlist_id
) AS changed
WHERE playlist.id = changed.playlist_id
