-- name: deleted_playlists
-- The next playlists that were deleted before an instant, held until the transaction ends; those that
-- somebody else holds are left out. Primary key.
SELECT id
FROM playlist
WHERE deleted_at < %(before)s::timestamptz AND id > %(after)s::uuid
ORDER BY id
LIMIT %(limit)s::integer
FOR UPDATE SKIP LOCKED;

-- name: purge_playlists
-- Drops playlists with their items. Primary key.
DELETE FROM playlist WHERE id = ANY(%(ids)s::uuid[]);

-- name: deleted_tracks
-- The next tracks that were deleted before an instant, held until the transaction ends; those that somebody
-- else holds are left out. A merged track goes with its survivor. track_unsearched_idx.
SELECT id
FROM track
WHERE deleted_at < %(before)s::timestamptz AND merged_into IS NULL AND id > %(after)s::uuid
ORDER BY id
LIMIT %(limit)s::integer
FOR UPDATE SKIP LOCKED;

-- name: purge_tracks
-- Drops tracks that no playlist has, with all that is theirs and the tracks that were merged into them;
-- returns how many were named. Primary key, playlist_item_track_idx.
WITH gone AS (
    DELETE FROM track AS t
    WHERE t.id = ANY(%(ids)s::uuid[])
        AND NOT EXISTS (SELECT FROM playlist_item AS i WHERE i.track_id = t.id)
    RETURNING t.id
)

SELECT count(*) FROM gone;

-- name: note_unreferenced
-- Notes when something was first found without a reference. Primary key of unreferenced.
INSERT INTO unreferenced (kind, key)
SELECT %(kind)s::text, g.key
FROM unnest(%(keys)s::text[]) AS g (key)
ORDER BY g.key
ON CONFLICT (kind, key) DO NOTHING;

-- name: forget_others
-- Forgets what has a reference again, or has gone: all of a part of the keys but those named. Primary key of
-- unreferenced.
DELETE FROM unreferenced
WHERE kind = %(kind)s::text
    AND key > %(after)s::text
    AND (%(last)s::text IS NULL OR key <= %(last)s::text)
    AND key <> ALL(%(keys)s::text[]);

-- name: forget_keys
-- Forgets these. Primary key of unreferenced.
DELETE FROM unreferenced WHERE kind = %(kind)s::text AND key = ANY(%(keys)s::text[]);

-- name: due_keys
-- The next of what had no reference at an instant, nor since. Primary key of unreferenced.
SELECT key
FROM unreferenced
WHERE kind = %(kind)s::text
    AND since < %(before)s::timestamptz
    AND key > %(after)s::text COLLATE "C"
ORDER BY key
LIMIT %(limit)s::integer;

-- name: count_noted
-- How much has been found without a reference. Primary key of unreferenced.
SELECT count(*) FROM unreferenced;

-- name: count_playlists
-- How many playlists were deleted before an instant. No index: playlists are few.
SELECT count(*) FROM playlist WHERE deleted_at < %(before)s::timestamptz;

-- name: count_tracks
-- How many tracks were deleted before an instant, that no playlist has but those which were, too.
-- track_unsearched_idx, playlist_item_track_idx, primary key of playlist.
SELECT count(*)
FROM track AS t
WHERE t.deleted_at < %(before)s::timestamptz
    AND t.merged_into IS NULL
    AND NOT EXISTS (
        SELECT FROM playlist_item AS i
        JOIN playlist AS p ON p.id = i.playlist_id
        WHERE i.track_id = t.id AND (p.deleted_at < %(before)s::timestamptz) IS NOT TRUE
    );

-- name: count_albums
-- How many albums had no reference at an instant, nor since. Primary key of unreferenced.
SELECT count(*) FROM unreferenced WHERE kind = 'albums' AND since < %(before)s::timestamptz;

-- name: count_artists
-- How many artists had no reference at an instant, nor since, but from albums that go with them. Primary key of
-- unreferenced, artist_credit_name_artist_idx, album_credit_idx.
SELECT count(*)
FROM unreferenced AS a
WHERE a.kind = 'artists'
    AND a.since < %(before)s::timestamptz
    AND NOT EXISTS (
        SELECT FROM artist_credit_name AS n
        JOIN album AS b ON b.credit_id = n.credit_id
        WHERE n.artist_id = a.key::uuid
            AND NOT EXISTS (
                SELECT FROM unreferenced AS u
                WHERE u.kind = 'albums'
                    AND u.key = b.id::text
                    AND u.since < %(before)s::timestamptz
            )
    );

-- name: count_links
-- How many links were made before an instant to contents that no file has had since. Primary keys of unreferenced
-- and file_artwork.
SELECT count(*)
FROM unreferenced AS u
JOIN file_artwork AS l ON l.content_hash = u.key AND l.linked_at < %(before)s::timestamptz
WHERE u.kind = 'picture_links' AND u.since < %(before)s::timestamptz;

-- name: count_pictures
-- How many pictures came before an instant and have had no reference since, but from links that go with them.
-- Primary keys of unreferenced and artwork, file_artwork_hash_idx.
SELECT count(*)
FROM unreferenced AS p
JOIN artwork AS w ON w.hash = p.key AND w.created_at < %(before)s::timestamptz
WHERE p.kind = 'pictures'
    AND p.since < %(before)s::timestamptz
    AND NOT EXISTS (
        SELECT FROM file_artwork AS l
        LEFT JOIN unreferenced AS u
            ON u.kind = 'picture_links'
                AND u.key = l.content_hash
                AND u.since < %(before)s::timestamptz
        WHERE l.hash = w.hash AND (u.key IS NULL OR l.linked_at >= %(before)s::timestamptz)
    );

-- name: walk_albums
-- The next albums. Primary key.
SELECT id::text FROM album WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer;

-- name: unused_albums
-- Those of these albums that have no track, not even a deleted one, that nobody has changed, and that no
-- other one has become. Primary keys of album, album_cover and album_source, track_album_idx,
-- album_merge_leads_to_idx.
SELECT a.id::text
FROM album AS a
WHERE a.id = ANY(%(keys)s::uuid[])
    AND a.revision = 1
    AND NOT EXISTS (SELECT FROM track AS t WHERE t.album_id = a.id)
    AND NOT EXISTS (SELECT FROM album_cover AS c WHERE c.album_id = a.id)
    AND NOT EXISTS (SELECT FROM album_source AS s WHERE s.album_id = a.id)
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE m.leads_to = a.id)
ORDER BY a.id;

-- name: hold_albums
-- Holds albums until the transaction ends, also against new tracks; those that somebody else holds are left
-- out. Primary key.
SELECT id::text
FROM album
WHERE id = ANY(%(keys)s::uuid[])
ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: remove_albums
-- Drops albums that are held. Primary key.
DELETE FROM album WHERE id = ANY(%(keys)s::uuid[]) RETURNING id::text;

-- name: walk_artists
-- The next artists. Primary key.
SELECT id::text FROM artist WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer;

-- name: unused_artists
-- Those of these artists that nothing credits but albums which nothing refers to, that nobody has changed, that
-- no other one has become, and that no merged album may bring back. Primary keys of artist and unreferenced,
-- artist_credit_name_artist_idx, track_credit_idx, album_credit_idx, artist_merge_leads_to_idx,
-- album_merge_ids_idx, album_merge_given_ids_idx.
SELECT a.id::text
FROM artist AS a
WHERE a.id = ANY(%(keys)s::uuid[])
    AND a.revision = 1
    AND NOT EXISTS (
        SELECT FROM artist_credit_name AS n
        JOIN track AS t ON t.credit_id = n.credit_id
        WHERE n.artist_id = a.id
    )
    AND NOT EXISTS (
        SELECT FROM artist_credit_name AS n
        JOIN album AS b ON b.credit_id = n.credit_id
        WHERE n.artist_id = a.id
            AND NOT EXISTS (
                SELECT FROM unreferenced AS u WHERE u.kind = 'albums' AND u.key = b.id::text
            )
    )
    AND NOT EXISTS (SELECT FROM artist_merge AS m WHERE m.leads_to = a.id)
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE ids_in(m.album) @> ARRAY[a.id])
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE ids_in(m.given) @> ARRAY[a.id])
ORDER BY a.id;

-- name: hold_artists
-- Holds artists until the transaction ends, also against new credits; those that somebody else holds are left
-- out. Primary key.
SELECT id::text
FROM artist
WHERE id = ANY(%(keys)s::uuid[])
ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: remove_artists
-- Drops artists that are held and stand in no credit. Primary key, artist_credit_name_artist_idx.
DELETE FROM artist AS a
WHERE a.id = ANY(%(keys)s::uuid[])
    AND NOT EXISTS (SELECT FROM artist_credit_name AS n WHERE n.artist_id = a.id)
RETURNING a.id::text;

-- name: walk_links
-- The next contents that pictures are linked to. Primary key of file_artwork.
SELECT DISTINCT content_hash
FROM file_artwork
WHERE content_hash > %(after)s::text COLLATE "C"
ORDER BY content_hash
LIMIT %(limit)s::integer;

-- name: unused_links
-- Those of these contents that no file has, of deleted tracks neither. audio_file_content_hash_idx.
SELECT g.key
FROM unnest(%(keys)s::text[]) AS g (key)
WHERE NOT EXISTS (SELECT FROM audio_file AS f WHERE f.content_hash = g.key)
ORDER BY g.key;

-- name: hold_links
-- Holds the links to contents until the transaction ends, but for what somebody else holds. Primary key of
-- file_artwork.
SELECT content_hash
FROM file_artwork
WHERE content_hash = ANY(%(keys)s::text[])
ORDER BY content_hash, position
FOR UPDATE SKIP LOCKED;

-- name: remove_links
-- Drops links that are held; one that was made again meanwhile stays. Primary key of file_artwork.
DELETE FROM file_artwork
WHERE content_hash = ANY(%(keys)s::text[]) AND linked_at < %(before)s::timestamptz
RETURNING content_hash;

-- name: walk_pictures
-- The next pictures. Primary key.
SELECT hash
FROM artwork
WHERE hash > %(after)s::text COLLATE "C"
ORDER BY hash
LIMIT %(limit)s::integer;

-- name: unused_pictures
-- Those of these pictures that no cover of an album has, nor a merged album, which may come back, nor a file:
-- links to files that are nowhere do not count. Primary keys of artwork and unreferenced,
-- file_artwork_hash_idx, album_cover_hash_idx, album_merge_covers_idx.
SELECT w.hash
FROM artwork AS w
WHERE w.hash = ANY(%(keys)s::text[])
    AND NOT EXISTS (
        SELECT FROM file_artwork AS l
        WHERE l.hash = w.hash
            AND NOT EXISTS (
                SELECT FROM unreferenced AS u
                WHERE u.kind = 'picture_links' AND u.key = l.content_hash
            )
    )
    AND NOT EXISTS (SELECT FROM album_cover AS c WHERE right(c.uri, 64) COLLATE "C" = w.hash)
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE m.cover_hashes @> ARRAY[w.hash])
ORDER BY w.hash;

-- name: hold_pictures
-- Holds pictures until the transaction ends, also against new links and covers; those that somebody else holds
-- are left out. Primary key.
SELECT hash
FROM artwork
WHERE hash = ANY(%(keys)s::text[])
ORDER BY hash
FOR UPDATE SKIP LOCKED;

-- name: remove_pictures
-- Drops pictures that are held and have no links, not even to files that are nowhere; one that came again
-- meanwhile stays. Primary key, file_artwork_hash_idx.
DELETE FROM artwork AS w
WHERE w.hash = ANY(%(keys)s::text[])
    AND w.created_at < %(before)s::timestamptz
    AND NOT EXISTS (SELECT FROM file_artwork AS l WHERE l.hash = w.hash)
RETURNING w.hash;

-- name: unused_sent_files
-- Those of these addresses of sent files that no file has which is there, and whose content no file has, of
-- deleted tracks neither; and no picture, where the two share a folder. audio_file_uri_key,
-- audio_file_content_hash_idx, primary key of artwork.
SELECT g.key
FROM unnest(%(keys)s::text[]) AS g (key)
WHERE NOT EXISTS (
    SELECT FROM audio_file AS f
    WHERE md5(f.uri) = md5(g.key) AND f.uri = g.key AND f.is_live AND f.missing_at IS NULL
)
AND NOT EXISTS (SELECT FROM audio_file AS f WHERE f.content_hash = right(g.key, 64))
AND NOT EXISTS (SELECT FROM artwork AS w WHERE w.hash = right(g.key, 64) COLLATE "C")
ORDER BY g.key COLLATE "C";

-- name: hold_sent_file
-- Keeps a content from being sent again until the transaction ends; false while it is being sent. No index.
SELECT pg_try_advisory_xact_lock(hashtextextended('sent file|' || right(%(key)s::text, 64), 0));
