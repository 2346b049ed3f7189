-- name: get_albums
-- Albums with all that belongs to them, in the order of the ids. Primary keys of album,
-- artist_credit_name, album_cover and album_source.
SELECT
    a.id,
    a.title,
    a.type,
    a.release_date,
    a.total_tracks,
    a.mbid,
    a.barcode,
    a.label,
    a.catalog_number,
    a.credit_id,
    ARRAY(
        SELECT ROW (n.artist_id, n.name, n.join_phrase, n.role)
        FROM artist_credit_name AS n
        WHERE n.credit_id = a.credit_id
        ORDER BY n.position
    ) AS credits,
    ARRAY(
        SELECT ROW (c.uri, c.type, c.width_px, c.height_px, c.mime_type)
        FROM album_cover AS c
        WHERE c.album_id = a.id
        ORDER BY c.position
    ) AS covers,
    ARRAY(
        SELECT ROW (s.type, s.external_id, s.uri, s.unavailable, s.synced_at)
        FROM album_source AS s
        WHERE s.album_id = a.id
        ORDER BY s.position
    ) AS sources,
    a.title_key,
    a.revision,
    a.created_at,
    a.updated_at
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS wanted (id, ordinal)
JOIN album AS a ON a.id = wanted.id
ORDER BY wanted.ordinal;

-- name: lock_album_tracks
-- Holds the tracks of an album until the transaction ends, before the album itself: in the order in which
-- a change of a track takes them, so that the two never wait for each other in a circle. track_album_idx.
SELECT id FROM track WHERE album_id = %(id)s::uuid ORDER BY id FOR UPDATE;

-- name: lock_album
-- Holds an album until the transaction ends, also against new tracks: those that are being written now
-- are waited for, so that they show the change. Primary key.
SELECT id FROM album WHERE id = %(id)s::uuid FOR UPDATE;

-- name: list_albums
-- A page of the albums of which the title begins with the prefix. chr(1114111) is the last character
-- there is. The scan begins at the prefix or at the page, whichever is later: of two lower bounds an
-- index would use one only. album_title_key_idx.
SELECT id
FROM album
WHERE (title_key, id) >= (
    greatest(%(from_key)s::text, left(fold(%(prefix)s::text), 300) COLLATE "C"),
    %(from_id)s::uuid
)
AND title_key < left(fold(%(prefix)s::text), 300) || chr(1114111)
ORDER BY title_key, id
LIMIT %(limit)s::integer;

-- name: list_albums_of_artist
-- A page of the albums that credit an artist and of which the title begins with the prefix.
-- artist_credit_name_artist_idx, album_credit_idx; the order is made by a sort of the artist's albums.
SELECT a.id
FROM album AS a
WHERE a.credit_id IN (
    SELECT n.credit_id FROM artist_credit_name AS n WHERE n.artist_id = %(artist_id)s::uuid
)
AND starts_with(a.title_key, left(fold(%(prefix)s::text), 300))
AND (a.title_key, a.id) >= (%(from_key)s::text, %(from_id)s::uuid)
ORDER BY a.title_key, a.id
LIMIT %(limit)s::integer;

-- name: find_album_by_source
-- The album that has a place in another system, if its title begins with the prefix and it credits the
-- artist, where one is given. album_source_external_key, primary keys of album and artist_credit_name.
SELECT a.id
FROM album_source AS x
JOIN album AS a ON a.id = x.album_id
WHERE x.type = %(type)s::text
    AND x.external_id = %(external_id)s::text
    AND starts_with(a.title_key, left(fold(%(prefix)s::text), 300))
    AND (
        %(artist_id)s::uuid IS NULL
        OR EXISTS (
            SELECT FROM artist_credit_name AS n
            WHERE n.credit_id = a.credit_id AND n.artist_id = %(artist_id)s::uuid
        )
    );

-- name: update_album
-- New values for an album that is locked. album_mbid_key refuses that of another one. Primary key.
UPDATE album
SET
    title = %(title)s::text,
    credit_id = %(credit_id)s::uuid,
    type = %(type)s::text,
    release_date = %(release_date)s::text,
    total_tracks = %(total_tracks)s::smallint,
    mbid = %(mbid)s::uuid,
    barcode = %(barcode)s::text,
    label = %(label)s::text,
    catalog_number = %(catalog_number)s::text,
    revision = revision + 1
WHERE id = %(id)s::uuid;

-- name: clear_covers
-- Takes all pictures from an album. Primary key of album_cover.
DELETE FROM album_cover WHERE album_id = %(album_id)s::uuid;

-- name: add_covers
-- Gives an album its pictures, in order.
INSERT INTO album_cover (album_id, position, uri, type, width_px, height_px, mime_type)
SELECT
    %(album_id)s::uuid, g.ordinal - 1, g.uri, g.type, g.width_px, g.height_px, g.mime_type
FROM unnest(
    %(uri)s::text[],
    %(type)s::text[],
    %(width_px)s::integer[],
    %(height_px)s::integer[],
    %(mime_type)s::text[]
) WITH ORDINALITY AS g (uri, type, width_px, height_px, mime_type, ordinal);

-- name: clear_album_sources
-- Takes all places in other systems from an album. Primary key of album_source.
DELETE FROM album_source WHERE album_id = %(album_id)s::uuid;

-- name: add_album_sources
-- Gives an album its places in other systems, in order; returns those that nobody else has.
-- album_source_external_key.
INSERT INTO album_source (album_id, position, type, external_id, uri, unavailable, synced_at)
SELECT %(album_id)s::uuid, g.ordinal - 1, g.type, g.id, g.uri, g.unavailable, g.synced_at
FROM unnest(
    %(type)s::text[],
    %(id)s::text[],
    %(uri)s::text[],
    %(unavailable)s::boolean[],
    %(synced_at)s::timestamptz[]
) WITH ORDINALITY AS g (type, id, uri, unavailable, synced_at, ordinal)
ORDER BY g.type, g.id
ON CONFLICT (type, external_id) DO NOTHING
RETURNING type, external_id;

-- name: list_album_tracks
-- A page of the live tracks of an album in their order on it; a disc or track without a number comes
-- last. track_album_idx; the order is made by a sort of the album's tracks.
SELECT
    t.document,
    coalesce(t.disc_number, 32767) AS disc,
    coalesce(t.track_number, 32767) AS number,
    t.title_key,
    t.id
FROM track AS t
WHERE t.album_id = %(album_id)s::uuid
    AND t.deleted_at IS NULL
    AND (%(library_id)s::uuid IS NULL OR t.library_id = %(library_id)s::uuid)
    AND (
        coalesce(t.disc_number, 32767), coalesce(t.track_number, 32767), t.title_key, t.id
    ) > (
        %(after_disc)s::integer, %(after_number)s::integer, %(after_key)s::text, %(after_id)s::uuid
    )
ORDER BY disc, number, t.title_key, t.id
LIMIT %(limit)s::integer
