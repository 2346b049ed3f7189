-- name: queue_files
-- Lets servers claim files for reading. A file that is queued already, or was given up, begins anew.
-- file_reading_uri_key.
INSERT INTO file_reading (id, library_id, scan_id, uri, track_id)
SELECT g.id, %(library_id)s::uuid, %(scan_id)s::uuid, g.uri, g.track_id
FROM unnest(%(ids)s::uuid[], %(uris)s::text[], %(track_ids)s::uuid[]) AS g (id, uri, track_id)
ON CONFLICT (md5(uri), library_id) DO UPDATE
SET
    scan_id = excluded.scan_id,
    track_id = excluded.track_id,
    available_at = now(),
    attempts = 0,
    lease_id = NULL,
    failure = NULL;

-- name: claim_files
-- Hands out the oldest files below the given addresses that nobody has, or whose lease has ended.
-- Materialized, for a join that ran it twice would hand out twice as many. file_reading_available_idx.
WITH free AS MATERIALIZED (
    SELECT id
    FROM file_reading
    WHERE
        failure IS NULL
        AND available_at <= now()
        AND attempts < %(max_attempts)s::smallint
        AND EXISTS (
            SELECT 1 FROM unnest(%(prefixes)s::text[]) AS p (prefix)
            WHERE starts_with(file_reading.uri, p.prefix)
        )
    ORDER BY available_at, id
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
)

UPDATE file_reading AS r
SET
    attempts = r.attempts + 1,
    lease_id = %(lease_id)s::uuid,
    available_at = now() + %(lease)s::interval
FROM free
WHERE r.id = free.id
RETURNING r.id, r.library_id, r.track_id, r.uri;

-- name: spent_files
-- Files whose last lease has ended without an answer. file_reading_available_idx.
SELECT id, library_id, track_id, uri
FROM file_reading
WHERE failure IS NULL AND available_at <= now() AND attempts >= %(max_attempts)s::smallint
ORDER BY available_at, id
LIMIT 100
FOR UPDATE SKIP LOCKED;

-- name: lock_files
-- Which of some files are still with the holder of a lease. Primary key.
SELECT id
FROM file_reading
WHERE id = ANY(%(ids)s::uuid[]) AND lease_id = %(lease_id)s::uuid
ORDER BY id
FOR UPDATE;

-- name: release_files
-- Gives files back to the queue that were not come to. Primary key.
UPDATE file_reading
SET lease_id = NULL, available_at = now(), attempts = attempts - 1
WHERE id = ANY(%(ids)s::uuid[]) AND lease_id = %(lease_id)s::uuid;

-- name: end_files
-- Files that were read. Primary key.
DELETE FROM file_reading WHERE id = ANY(%(ids)s::uuid[]);

-- name: give_up_files
-- Files that cannot be read, with the reasons. Primary key.
UPDATE file_reading AS r
SET failure = g.failure, lease_id = NULL
FROM unnest(%(ids)s::uuid[], %(failures)s::text[]) AS g (id, failure)
WHERE r.id = g.id;

-- name: count_files
-- How many files of a scan wait, and how many were given up. file_reading_scan_idx.
SELECT
    count(*) FILTER (WHERE failure IS NULL),
    count(*) FILTER (WHERE failure IS NOT NULL)
FROM file_reading
WHERE scan_id = %(scan_id)s::uuid;

-- name: list_failures
-- Files of a scan that were given up, but for those told already. file_reading_scan_idx.
SELECT id, uri, failure
FROM file_reading
WHERE
    scan_id = %(scan_id)s::uuid
    AND failure IS NOT NULL
    AND id <> ALL(%(told)s::uuid[])
ORDER BY id
LIMIT %(limit)s::integer;

-- name: find_recording
-- A finished track other than the given one with the same audio, or the same bytes.
-- audio_file_audio_hash_idx, audio_file_content_hash_idx.
SELECT same.track_id
FROM (
    SELECT f.track_id, f.is_live
    FROM audio_file AS f
    WHERE f.audio_hash = %(audio_hash)s::text AND f.library_id = %(library_id)s::uuid
    UNION ALL
    SELECT f.track_id, f.is_live
    FROM audio_file AS f
    WHERE f.content_hash = %(content_hash)s::text AND f.library_id = %(library_id)s::uuid
) AS same
JOIN track AS t ON t.id = same.track_id
WHERE same.is_live AND same.track_id <> %(track_id)s::uuid AND t.status = 'COMPLETED'
ORDER BY same.track_id
LIMIT 1;

-- name: lock_sent_file
-- Keeps a content from being purged until the transaction ends. No index.
SELECT pg_advisory_xact_lock(hashtextextended('sent file|' || %(content_hash)s::text, 0));
