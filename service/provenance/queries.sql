-- name: add_changes
-- Changes of fields, the newest of each with the highest number; what is too old to be undone goes, but for
-- the one that says whose value the oldest one replaced. What a person changes is locked, and its conflicts
-- are decided. Primary keys of track_change and track_lock, track_conflict_source_key.
WITH change AS MATERIALIZED (
    SELECT g.track_id, g.field, g.kind, g.name, g.confidence, g.before, g.by_person
    FROM unnest(
        %(track_ids)s::uuid[],
        %(fields)s::text[],
        %(kinds)s::text[],
        %(names)s::text[],
        %(confidences)s::double precision[],
        %(befores)s::bytea[],
        %(by_person)s::boolean[]
    ) AS g (track_id, field, kind, name, confidence, before, by_person)
),

locked AS (
    INSERT INTO track_lock (track_id, field)
    SELECT g.track_id, g.field FROM change AS g WHERE g.by_person
    ON CONFLICT DO NOTHING
),

decided AS (
    UPDATE track_conflict AS c
    SET dismissed_at = now()
    FROM change AS g
    WHERE g.by_person AND c.track_id = g.track_id AND c.field = g.field AND c.dismissed_at IS NULL
),

added AS (
    INSERT INTO track_change (
        track_id, field, number, kind, name, confidence, before, was_locked
    )
    SELECT
        g.track_id,
        g.field,
        coalesce((
            SELECT c.number FROM track_change AS c
            WHERE c.track_id = g.track_id AND c.field = g.field
            ORDER BY c.number DESC
            LIMIT 1
        ), 0) + 1,
        g.kind,
        g.name,
        g.confidence,
        g.before,
        EXISTS (SELECT FROM track_lock AS l WHERE l.track_id = g.track_id AND l.field = g.field)
    FROM change AS g
    RETURNING track_id, field, number
)

DELETE FROM track_change AS old
USING added
WHERE old.track_id = added.track_id
    AND old.field = added.field
    AND old.number < added.number - %(most)s::integer;

-- name: take_change
-- The last change of a field, which is forgotten. Primary key of track_change.
DELETE FROM track_change
WHERE track_id = %(track_id)s::uuid AND field = %(field)s::text AND number = %(number)s::integer;

-- name: field_states
-- What is known of the fields of a track: their locks and last changes. A change can be undone when it is
-- known what was before it. Primary keys of track_change and track_lock.
SELECT
    coalesce(last.field, l.field) AS field,
    l.locked_at,
    last.number,
    last.kind,
    last.name,
    last.confidence,
    last.changed_at,
    last.before,
    last.was_locked,
    last.number = 1 OR EXISTS (
        SELECT FROM track_change AS earlier
        WHERE earlier.track_id = %(track_id)s::uuid
            AND earlier.field = last.field
            AND earlier.number = last.number - 1
    ) AS can_undo
FROM (
    SELECT DISTINCT ON (c.field)
        c.field, c.number, c.kind, c.name, c.confidence, c.changed_at, c.before, c.was_locked
    FROM track_change AS c
    WHERE c.track_id = %(track_id)s::uuid
    ORDER BY c.field, c.number DESC
) AS last
FULL JOIN (
    SELECT k.field, k.locked_at FROM track_lock AS k WHERE k.track_id = %(track_id)s::uuid
) AS l ON l.field = last.field;

-- name: get_origin
-- The track that an id leads to, and who said what it was when it was made. Primary key.
SELECT t.document, t.origin_kind, t.origin_name
FROM track AS asked
JOIN track AS t ON t.id = coalesce(asked.merged_into, asked.id)
WHERE asked.id = %(id)s::uuid;

-- name: lock_fields
-- Locks of fields; those that are there stay as they are. Primary key of track_lock.
INSERT INTO track_lock (track_id, field)
SELECT g.track_id, g.field
FROM unnest(%(track_ids)s::uuid[], %(fields)s::text[]) AS g (track_id, field)
ON CONFLICT DO NOTHING;

-- name: unlock_fields
-- Ends the locks of fields. Primary key of track_lock.
DELETE FROM track_lock
WHERE track_id = %(track_id)s::uuid AND field = ANY(%(fields)s::text[]);

-- name: find_guards
-- The locks and conflicts of tracks that a source speaks of. Primary key of track_lock,
-- track_conflict_source_key.
SELECT l.track_id, l.field, true AS is_lock
FROM track_lock AS l
WHERE l.track_id = ANY(%(track_ids)s::uuid[])
UNION ALL
SELECT c.track_id, c.field, false
FROM track_conflict AS c
WHERE c.track_id = ANY(%(track_ids)s::uuid[]);

-- name: fold_names
-- Names as they are compared, in the same order. No table.
SELECT fold(g.name)
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS g (name, position)
ORDER BY g.position;

-- name: add_conflicts
-- What sources say of locked fields. Of the tags of a track, one file speaks at a time, wherever it lies. A
-- source that repeats itself changes nothing; one that says something new opens the conflict again.
-- track_conflict_source_key.
INSERT INTO track_conflict AS known (
    id, track_id, library_id, field, kind, name, confidence, said, dismissed_at
)
SELECT
    g.id, g.track_id, g.library_id, g.field, g.kind, g.name, g.confidence, g.said,
    CASE WHEN %(dismissed)s::boolean THEN now() END
FROM unnest(
    %(ids)s::uuid[],
    %(track_ids)s::uuid[],
    %(library_ids)s::uuid[],
    %(fields)s::text[],
    %(kinds)s::text[],
    %(names)s::text[],
    %(confidences)s::double precision[],
    %(saids)s::bytea[]
) AS g (id, track_id, library_id, field, kind, name, confidence, said)
ON CONFLICT (track_id, field, kind, (CASE WHEN kind = 'TAG' THEN '' ELSE name END)) DO UPDATE SET
    name = EXCLUDED.name,
    confidence = EXCLUDED.confidence,
    said = EXCLUDED.said,
    said_at = EXCLUDED.said_at,
    dismissed_at = EXCLUDED.dismissed_at
WHERE known.said <> EXCLUDED.said;

-- name: end_conflicts
-- Conflicts with sources that agree by now. track_conflict_source_key.
DELETE FROM track_conflict AS c
USING unnest(%(track_ids)s::uuid[], %(fields)s::text[], %(kinds)s::text[], %(names)s::text[])
    AS g (track_id, field, kind, name)
WHERE c.track_id = g.track_id
    AND c.field = g.field
    AND c.kind = g.kind
    AND (CASE WHEN c.kind = 'TAG' THEN '' ELSE c.name END)
    = (CASE WHEN g.kind = 'TAG' THEN '' ELSE g.name END);

-- name: dismiss_conflict
-- A conflict that is decided for the catalogue. Primary key of track_conflict.
UPDATE track_conflict SET dismissed_at = coalesce(dismissed_at, now()) WHERE id = %(id)s::uuid;

-- name: delete_conflict
-- A conflict that is decided for the source. Primary key of track_conflict.
DELETE FROM track_conflict WHERE id = %(id)s::uuid;

-- name: get_conflict
-- One conflict, with its track. Primary keys.
SELECT
    c.id, c.track_id, c.field, c.kind, c.name, c.confidence, c.said, c.said_at, c.dismissed_at,
    t.document
FROM track_conflict AS c
JOIN track AS t ON t.id = c.track_id
WHERE c.id = %(id)s::uuid;

-- name: list_conflicts
-- A page of the conflicts of live tracks, of all libraries or one. Primary key of track_conflict, or
-- track_conflict_library_idx.
SELECT
    c.id, c.track_id, c.field, c.kind, c.name, c.confidence, c.said, c.said_at, c.dismissed_at,
    t.document
FROM track_conflict AS c
JOIN track AS t ON t.id = c.track_id AND t.deleted_at IS NULL
WHERE c.id > %(after)s::uuid
    AND (%(library_id)s::uuid IS NULL OR c.library_id = %(library_id)s::uuid)
    AND (%(with_dismissed)s::boolean OR c.dismissed_at IS NULL)
ORDER BY c.id
LIMIT %(limit)s::integer;

-- name: list_conflicts_of_track
-- A page of the conflicts of the live track that an id leads to. track_conflict_source_key.
SELECT
    c.id, c.track_id, c.field, c.kind, c.name, c.confidence, c.said, c.said_at, c.dismissed_at,
    t.document
FROM track_conflict AS c
JOIN track AS t ON t.id = c.track_id AND t.deleted_at IS NULL
WHERE c.track_id = (
        SELECT coalesce(asked.merged_into, asked.id)
        FROM track AS asked
        WHERE asked.id = %(track_id)s::uuid
    )
    AND c.id > %(after)s::uuid
    AND (%(library_id)s::uuid IS NULL OR c.library_id = %(library_id)s::uuid)
    AND (%(with_dismissed)s::boolean OR c.dismissed_at IS NULL)
ORDER BY c.id
LIMIT %(limit)s::integer;
