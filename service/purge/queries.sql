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

-- name: former_links
-- The next links of pictures to contents that were made before an instant, each content once. Primary key
-- of file_artwork.
SELECT DISTINCT content_hash
FROM file_artwork
WHERE linked_at < %(before)s::timestamptz AND content_hash > %(after)s::text COLLATE "C"
ORDER BY content_hash
LIMIT %(limit)s::integer;

-- name: purge_links
-- Drops the links to contents that no file has, deleted tracks included; returns how many. One that was
-- made again meanwhile stays. Primary key of file_artwork, audio_file_content_hash_idx.
WITH gone AS (
    DELETE FROM file_artwork AS l
    WHERE l.content_hash = ANY(%(contents)s::text[])
        AND l.linked_at < %(before)s::timestamptz
        AND NOT EXISTS (SELECT FROM audio_file AS f WHERE f.content_hash = l.content_hash)
    RETURNING l.hash
)

SELECT count(*) FROM gone;

-- name: unlinked_pictures
-- The next pictures that were kept before an instant and that neither a file nor a cover of an album has,
-- nor a merged album, which may come back. Primary key, file_artwork_hash_idx, album_cover_hash_idx,
-- album_merge_covers_idx.
SELECT w.hash
FROM artwork AS w
WHERE w.created_at < %(before)s::timestamptz
    AND w.hash > %(after)s::text COLLATE "C"
    AND NOT EXISTS (SELECT FROM file_artwork AS l WHERE l.hash = w.hash)
    AND NOT EXISTS (SELECT FROM album_cover AS c WHERE right(c.uri, 64) COLLATE "C" = w.hash)
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE m.cover_hashes @> ARRAY[w.hash])
ORDER BY w.hash
LIMIT %(limit)s::integer;

-- name: hold_picture
-- Holds a picture until the transaction ends, also against new links; no row while somebody else holds it.
-- Primary key.
SELECT hash FROM artwork WHERE hash = %(hash)s::text FOR UPDATE SKIP LOCKED;

-- name: purge_picture
-- Drops a picture that is held, unless a file or an album has it by now; returns whether it did. Primary
-- key, file_artwork_hash_idx, album_cover_hash_idx, album_merge_covers_idx.
DELETE FROM artwork AS w
WHERE w.hash = %(hash)s::text
    AND NOT EXISTS (SELECT FROM file_artwork AS l WHERE l.hash = w.hash)
    AND NOT EXISTS (SELECT FROM album_cover AS c WHERE right(c.uri, 64) COLLATE "C" = w.hash)
    AND NOT EXISTS (SELECT FROM album_merge AS m WHERE m.cover_hashes @> ARRAY[w.hash])
RETURNING w.hash;
