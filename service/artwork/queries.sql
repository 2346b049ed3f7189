-- name: find_artwork
-- Pictures by their hashes. Primary key.
SELECT hash, mime_type, width_px, height_px, size_bytes, created_at
FROM artwork
WHERE hash = ANY(%(hashes)s::text[])
ORDER BY hash;

-- name: lock_artwork
-- Lets one transaction at a time say whether a picture is there. No index.
SELECT pg_advisory_xact_lock(hashtextextended('artwork|' || %(hash)s::text, 0));

-- name: add_artwork
-- A new picture, or a known one, which is as new again when nothing has it: held until the transaction
-- ends, and left alone by purges. Primary key, file_artwork_hash_idx.
INSERT INTO artwork (hash, mime_type, width_px, height_px, size_bytes)
VALUES (
    %(hash)s::text,
    %(mime_type)s::text,
    %(width_px)s::integer,
    %(height_px)s::integer,
    %(size_bytes)s::bigint
)
ON CONFLICT (hash) DO UPDATE SET
    created_at = CASE
        WHEN artwork.created_at > now() - interval '1 hour'
            OR EXISTS (SELECT FROM file_artwork AS l WHERE l.hash = artwork.hash)
            THEN artwork.created_at
        ELSE EXCLUDED.created_at
    END;

-- name: lock_links
-- Lets one transaction at a time say what belongs to a file, in the order of the contents. No index.
SELECT pg_advisory_xact_lock(hashtextextended('file_artwork|' || g.content_hash, 0))
FROM unnest(%(content_hashes)s::text[]) AS g (content_hash)
ORDER BY g.content_hash;

-- name: clear_links
-- Forgets the pictures of files. Primary key of file_artwork.
DELETE FROM file_artwork WHERE content_hash = ANY(%(content_hashes)s::text[]);

-- name: add_links
-- Pictures of files. Primary key of file_artwork.
INSERT INTO file_artwork (content_hash, position, hash, type, origin)
SELECT g.content_hash, g.position, g.hash, g.type, g.origin
FROM unnest(
    %(content_hashes)s::text[],
    %(positions)s::smallint[],
    %(hashes)s::text[],
    %(types)s::text[],
    %(origins)s::text[]
) AS g (content_hash, position, hash, type, origin)
ORDER BY g.content_hash, g.position;

-- name: copy_links
-- Gives a content the pictures of another one; of its own it keeps those that it has. Primary key of
-- file_artwork.
INSERT INTO file_artwork (content_hash, position, hash, type, origin)
SELECT %(content_hash)s::text, l.position, l.hash, l.type, l.origin
FROM file_artwork AS l
WHERE l.content_hash = %(former_hash)s::text
ON CONFLICT (content_hash, position) DO UPDATE SET linked_at = EXCLUDED.linked_at;

-- name: find_album
-- The album that an id leads to. Primary keys of album and album_merge.
SELECT id FROM album WHERE id = leading_album(%(album_id)s::uuid);

-- name: find_track
-- The live track that an id leads to, and its album. Primary key.
SELECT t.id, t.album_id
FROM track AS asked
JOIN track AS t ON t.id = coalesce(asked.merged_into, asked.id) AND t.deleted_at IS NULL
WHERE asked.id = %(track_id)s::uuid;

-- name: list_album_artwork
-- The pictures of the album that an id leads to: its covers that are kept here, then those of the files of its live tracks, the
-- commonest first. Primary keys of album_cover and artwork, track_album_idx, audio_file_position_key,
-- primary key of file_artwork.
WITH named AS (
    SELECT right(c.uri, 64) AS hash, c.type, c.position, 0::bigint AS files
    FROM album_cover AS c
    WHERE c.album_id = leading_album(%(album_id)s::uuid)
    UNION ALL
    SELECT l.hash, l.type, NULL AS position, count(*) AS files
    FROM track AS t
    JOIN audio_file AS f ON f.track_id = t.id AND f.is_live
    JOIN file_artwork AS l ON l.content_hash = f.content_hash
    WHERE t.album_id = leading_album(%(album_id)s::uuid) AND t.deleted_at IS NULL
    GROUP BY l.hash, l.type
),

ranked AS (
    SELECT n.hash, n.type, min(n.position) AS position, max(n.files) AS files
    FROM named AS n
    GROUP BY n.hash, n.type
)

SELECT w.hash, w.mime_type, w.width_px, w.height_px, w.size_bytes, w.created_at, r.type
FROM ranked AS r
JOIN artwork AS w ON w.hash = r.hash
ORDER BY r.position, r.files DESC, w.width_px::bigint * w.height_px DESC, w.hash, r.type
LIMIT %(limit)s::integer;

-- name: list_track_artwork
-- The pictures of the files of a track: embedded ones before those of the folder. audio_file_position_key,
-- primary keys of file_artwork and artwork.
WITH linked AS (
    SELECT
        l.hash,
        l.type,
        min(CASE l.origin WHEN 'EMBEDDED' THEN 0 ELSE 1 END) AS origin,
        min(f.position) AS file,
        min(l.position) AS position
    FROM audio_file AS f
    JOIN file_artwork AS l ON l.content_hash = f.content_hash
    WHERE f.track_id = %(track_id)s::uuid AND f.is_live
    GROUP BY l.hash, l.type
)

SELECT w.hash, w.mime_type, w.width_px, w.height_px, w.size_bytes, w.created_at, g.type
FROM linked AS g
JOIN artwork AS w ON w.hash = g.hash
ORDER BY g.origin, g.file, g.position, g.hash, g.type
LIMIT %(limit)s::integer;
