-- name: get_file
-- The document of the live track that has a file. Primary keys.
SELECT t.document
FROM audio_file AS f
JOIN track AS t ON t.id = f.track_id
WHERE f.id = %(id)s::uuid AND f.is_live;

-- name: list_files
-- A page of files with the documents of their tracks, in the order of the addresses: those between two
-- addresses, after a place in that order. audio_file_address_idx.
SELECT f.id, left(f.uri, 500) COLLATE "C" AS key, t.document
FROM audio_file AS f
JOIN track AS t ON t.id = f.track_id
WHERE
    f.library_id = %(library_id)s::uuid
    AND f.is_live
    AND (%(is_missing)s::boolean IS NULL OR (f.missing_at IS NOT NULL) = %(is_missing)s::boolean)
    AND left(f.uri, 500) COLLATE "C" <= left(%(prefix)s::text, 500) || chr(1114111)
    AND starts_with(f.uri, %(prefix)s::text)
    AND (left(f.uri, 500) COLLATE "C", f.id) > (%(after_key)s::text, %(after_id)s::uuid)
ORDER BY left(f.uri, 500) COLLATE "C", f.id
LIMIT %(limit)s::integer;

-- name: list_missing_files
-- The same for missing files alone, of which there are few. audio_file_missing_idx.
SELECT f.id, left(f.uri, 500) COLLATE "C" AS key, t.document
FROM audio_file AS f
JOIN track AS t ON t.id = f.track_id
WHERE
    f.library_id = %(library_id)s::uuid
    AND f.is_live
    AND f.missing_at IS NOT NULL
    AND left(f.uri, 500) COLLATE "C" <= left(%(prefix)s::text, 500) || chr(1114111)
    AND starts_with(f.uri, %(prefix)s::text)
    AND (left(f.uri, 500) COLLATE "C", f.id) > (%(after_key)s::text, %(after_id)s::uuid)
ORDER BY left(f.uri, 500) COLLATE "C", f.id
LIMIT %(limit)s::integer;

-- name: list_unseen_files
-- The same for files that were there before a scan began and that it has not seen.
-- audio_file_address_idx, primary key of file_seen.
SELECT f.id, left(f.uri, 500) COLLATE "C" AS key, t.document
FROM audio_file AS f
JOIN track AS t ON t.id = f.track_id
WHERE
    f.library_id = %(library_id)s::uuid
    AND f.is_live
    AND f.missing_at IS NULL
    AND f.written_at < %(started_at)s::timestamptz
    AND NOT EXISTS (
        SELECT FROM file_seen AS s WHERE s.scan_id = %(scan_id)s::uuid AND s.file_id = f.id
    )
    AND left(f.uri, 500) COLLATE "C" <= left(%(prefix)s::text, 500) || chr(1114111)
    AND starts_with(f.uri, %(prefix)s::text)
    AND (left(f.uri, 500) COLLATE "C", f.id) > (%(after_key)s::text, %(after_id)s::uuid)
ORDER BY left(f.uri, 500) COLLATE "C", f.id
LIMIT %(limit)s::integer;

-- name: find_present
-- What is known of the files at these addresses; one that has no hash was never read, and then its track
-- tells whether that was tried. One by one, for a join of many addresses would read the whole table.
-- audio_file_uri_key, primary key of track.
SELECT g.uri, known.id, known.size_bytes, known.modified_at, known.is_unreadable
FROM unnest(%(uris)s::text[]) AS g (uri)
CROSS JOIN LATERAL (
    SELECT
        f.id, f.size_bytes, f.modified_at,
        CASE WHEN f.content_hash IS NULL
            THEN (SELECT t.status = 'FAILED' FROM track AS t WHERE t.id = f.track_id)
            ELSE false
        END AS is_unreadable
    FROM audio_file AS f
    WHERE md5(f.uri) = md5(g.uri)
        AND f.library_id = %(library_id)s::uuid
        AND f.is_live
        AND f.missing_at IS NULL
        AND f.uri = g.uri
    LIMIT 1
) AS known;

-- name: find_missing
-- The same of files that are missing from these addresses, the latest of each. audio_file_missing_idx,
-- primary key of track.
SELECT g.uri, known.id, known.size_bytes, known.modified_at, known.is_unreadable
FROM unnest(%(uris)s::text[]) AS g (uri)
CROSS JOIN LATERAL (
    SELECT
        f.id, f.size_bytes, f.modified_at,
        CASE WHEN f.content_hash IS NULL
            THEN (SELECT t.status = 'FAILED' FROM track AS t WHERE t.id = f.track_id)
            ELSE false
        END AS is_unreadable
    FROM audio_file AS f
    WHERE left(f.uri, 500) COLLATE "C" = left(g.uri, 500) COLLATE "C"
        AND f.library_id = %(library_id)s::uuid
        AND f.is_live
        AND f.missing_at IS NOT NULL
        AND f.uri = g.uri
    ORDER BY f.missing_at DESC, f.id
    LIMIT 1
) AS known;

-- name: begin_scan
-- A scan that sees its first files. Primary key.
INSERT INTO file_scan (id, library_id)
VALUES (%(id)s::uuid, %(library_id)s::uuid)
ON CONFLICT (id) DO NOTHING;

-- name: forget_scans
-- Scans that nobody completed, with what they saw, and completed ones of the same age.
-- file_scan_started_idx, primary key of file_seen.
WITH old AS (
    DELETE FROM file_scan WHERE started_at < now() - interval '7 days' RETURNING id
)

DELETE FROM file_seen WHERE scan_id IN (SELECT old.id FROM old);

-- name: count_checked
-- More files that a scan has checked; no row when it is complete or of another library. Primary key.
UPDATE file_scan
SET checked = checked + %(count)s::bigint
WHERE id = %(id)s::uuid AND library_id = %(library_id)s::uuid AND completed_at IS NULL
RETURNING id;

-- name: remember_seen
-- The known files that a scan has seen. Primary key.
INSERT INTO file_seen (scan_id, file_id, is_unchanged)
SELECT %(scan_id)s::uuid, g.file_id, g.is_unchanged
FROM unnest(%(file_ids)s::uuid[], %(unchanged)s::boolean[]) AS g (file_id, is_unchanged)
ORDER BY g.file_id
ON CONFLICT (scan_id, file_id) DO UPDATE SET is_unchanged = excluded.is_unchanged;

-- name: get_scan
-- One scan. Primary key.
SELECT
    id, checked, started_at, missing, returned, completed_at IS NOT NULL AS is_complete
FROM file_scan
WHERE id = %(id)s::uuid AND library_id = %(library_id)s::uuid;

-- name: lock_scan
-- One scan, held until the transaction ends. Primary key.
SELECT
    id, checked, started_at, missing, returned, completed_at IS NOT NULL AS is_complete
FROM file_scan
WHERE id = %(id)s::uuid AND library_id = %(library_id)s::uuid
FOR UPDATE;

-- name: compare_with_scan
-- Of the next files between two addresses, those that a scan says are gone, or are back; and the last one,
-- with how many there were. A file that was stored after the scan began may have been elsewhere when it
-- looked. audio_file_address_idx, primary key of file_seen.
WITH page AS MATERIALIZED (
    SELECT
        f.id, f.track_id, f.written_at, f.missing_at IS NOT NULL AS is_missing,
        left(f.uri, 500) COLLATE "C" AS key, starts_with(f.uri, %(prefix)s::text) AS is_below
    FROM audio_file AS f
    WHERE
        f.library_id = %(library_id)s::uuid
        AND f.is_live
        AND left(f.uri, 500) COLLATE "C" <= left(%(prefix)s::text, 500) || chr(1114111)
        AND (left(f.uri, 500) COLLATE "C", f.id) > (%(after_key)s::text, %(after_id)s::uuid)
    ORDER BY left(f.uri, 500) COLLATE "C", f.id
    LIMIT %(limit)s::integer
),

compared AS (
    SELECT
        p.id, p.track_id, p.key,
        p.is_below
        AND NOT p.is_missing
        AND s.file_id IS NULL
        AND p.written_at < %(started_at)s::timestamptz AS is_gone,
        p.is_below AND p.is_missing AND coalesce(s.is_unchanged, false) AS is_back,
        row_number() OVER (ORDER BY p.key, p.id) AS number,
        count(*) OVER () AS total
    FROM page AS p
    LEFT JOIN file_seen AS s ON s.scan_id = %(scan_id)s::uuid AND s.file_id = p.id
)

SELECT id, track_id, key, is_gone, is_back, total
FROM compared
WHERE is_gone OR is_back OR number = total
ORDER BY number;

-- name: add_to_scan
-- What a step of completing a scan has changed. Primary key.
UPDATE file_scan
SET missing = missing + %(missing)s::bigint, returned = returned + %(returned)s::bigint
WHERE id = %(id)s::uuid;

-- name: complete_scan
-- Ends a scan; what it has seen is of no more use. Primary keys.
WITH seen AS (DELETE FROM file_seen WHERE scan_id = %(id)s::uuid)

UPDATE file_scan SET completed_at = now() WHERE id = %(id)s::uuid;

-- name: find_files
-- Which live tracks have files of a library, by the ids of the files. Primary key.
SELECT id, track_id, missing_at IS NOT NULL AS is_missing
FROM audio_file
WHERE id = ANY(%(ids)s::uuid[]) AND library_id = %(library_id)s::uuid AND is_live
ORDER BY id;

-- name: find_files_anywhere
-- The same in all libraries. Primary key.
SELECT id, track_id, missing_at IS NOT NULL AS is_missing
FROM audio_file
WHERE id = ANY(%(ids)s::uuid[]) AND is_live
ORDER BY id;

-- name: mark_missing
-- Files of locked tracks that are gone. The sources that they are have said nothing any more, so that the
-- next import from there counts. Primary keys of audio_file and track_source.
WITH marked AS (
    UPDATE audio_file
    SET missing_at = now(), written_at = now()
    WHERE id = ANY(%(ids)s::uuid[]) AND is_live AND missing_at IS NULL
    RETURNING id, track_id
), silenced AS (
    UPDATE track_source
    SET fingerprint = NULL
    WHERE track_id IN (SELECT marked.track_id FROM marked) AND type = 'file'
)

SELECT id FROM marked;

-- name: mark_present
-- Files of locked tracks that are back, where nobody has taken their address. Primary key,
-- audio_file_uri_key.
UPDATE audio_file AS f
SET missing_at = NULL, written_at = now()
WHERE f.id = ANY(%(ids)s::uuid[])
    AND f.is_live
    AND f.missing_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM audio_file AS other
        WHERE md5(other.uri) = md5(f.uri)
            AND other.library_id = f.library_id
            AND other.is_live
            AND other.missing_at IS NULL
            AND other.uri = f.uri
    )
RETURNING f.id;
