-- name: get_albums
-- The albums that ids lead to, with all that belongs to them, in the order of the ids. Primary keys of
-- album, album_merge, artist_credit_name, album_cover and album_source.
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
JOIN album AS a ON a.id = leading_album(wanted.id)
ORDER BY wanted.ordinal;

-- name: lock_album_tracks
-- Holds the tracks of the albums that ids lead to until the transaction ends, before the albums themselves:
-- in the order in which a change of a track takes them, so that the two never wait for each other in a
-- circle. track_album_idx, primary key of album_merge.
SELECT id
FROM track
WHERE album_id = ANY(ARRAY(SELECT leading_album(g.id) FROM unnest(%(ids)s::uuid[]) AS g (id)))
ORDER BY id
FOR UPDATE;

-- name: lock_albums
-- Holds the albums that ids lead to until the transaction ends, also against new tracks: those that are
-- being written now are waited for, so that they show the change. Primary keys of album and album_merge.
SELECT id
FROM album
WHERE id = ANY(ARRAY(SELECT leading_album(g.id) FROM unnest(%(ids)s::uuid[]) AS g (id)))
ORDER BY id
FOR UPDATE;

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
-- A page of the albums that credit the artist that an id leads to and of which the title begins with the
-- prefix. artist_credit_name_artist_idx, album_credit_idx, primary key of artist_merge; the order is made by
-- a sort of the artist's albums.
SELECT a.id
FROM album AS a
WHERE a.credit_id IN (
    SELECT n.credit_id
    FROM artist_credit_name AS n
    WHERE n.artist_id = leading_artist(%(artist_id)s::uuid)
)
AND starts_with(a.title_key, left(fold(%(prefix)s::text), 300))
AND (a.title_key, a.id) >= (%(from_key)s::text, %(from_id)s::uuid)
ORDER BY a.title_key, a.id
LIMIT %(limit)s::integer;

-- name: find_album_by_source
-- The album that has a place in another system, if its title begins with the prefix and it credits the
-- artist, where one is given. album_source_external_key, primary keys of album, artist_credit_name and
-- artist_merge.
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
            WHERE n.credit_id = a.credit_id AND n.artist_id = leading_artist(%(artist_id)s::uuid)
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

-- name: hold_covers
-- Keeps the pictures of addresses that end with their hashes until the transaction ends. Primary key of artwork.
SELECT w.hash
FROM artwork AS w
WHERE w.hash = ANY(ARRAY(SELECT right(g.uri, 64) FROM unnest(%(uri)s::text[]) AS g (uri)))
ORDER BY w.hash
FOR KEY SHARE;

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
-- A page of the live tracks of the album that an id leads to, in their order on it; a disc or track without
-- a number comes last. track_album_idx, primary key of album_merge; the order is made by a sort of the
-- album's tracks.
SELECT
    t.document,
    coalesce(t.disc_number, 32767) AS disc,
    coalesce(t.track_number, 32767) AS number,
    t.title_key,
    t.id
FROM track AS t
WHERE t.album_id = leading_album(%(album_id)s::uuid)
    AND t.deleted_at IS NULL
    AND (%(library_id)s::uuid IS NULL OR t.library_id = %(library_id)s::uuid)
    AND (
        coalesce(t.disc_number, 32767), coalesce(t.track_number, 32767), t.title_key, t.id
    ) > (
        %(after_disc)s::integer, %(after_number)s::integer, %(after_key)s::text, %(after_id)s::uuid
    )
ORDER BY disc, number, t.title_key, t.id
LIMIT %(limit)s::integer;

-- name: lock_albums_of_credits
-- Holds the albums of credits until the transaction ends, in the order of their ids. album_credit_idx.
SELECT id, credit_id FROM album WHERE credit_id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE;

-- name: lock_credited_albums
-- Holds albums that have a credit until the transaction ends, in the order of their ids. Primary key.
SELECT id, credit_id
FROM album
WHERE id = ANY(%(ids)s::uuid[]) AND credit_id IS NOT NULL
ORDER BY id
FOR UPDATE;

-- name: set_album_credits
-- Other credits for locked albums. Primary key.
UPDATE album AS a
SET credit_id = g.credit_id, revision = a.revision + 1
FROM unnest(%(ids)s::uuid[], %(credit_ids)s::uuid[]) AS g (id, credit_id)
WHERE a.id = g.id;

-- name: leading_albums
-- The albums that ids lead to, by these ids. Primary keys of album and album_merge.
SELECT g.id AS asked_id, a.id
FROM unnest(%(ids)s::uuid[]) AS g (id)
JOIN album AS a ON a.id = leading_album(g.id);

-- name: give_up_album_places
-- Takes from albums what only one album can have. Primary keys of album and album_source.
WITH places AS (DELETE FROM album_source WHERE album_id = ANY(%(ids)s::uuid[]))

UPDATE album SET mbid = NULL WHERE id = ANY(%(ids)s::uuid[]);

-- name: add_album_merges
-- Remembers albums that become another one, and lets the ids that led to them lead there. Primary keys of
-- album and album_cover, album_merge_leads_to_idx.
WITH earlier AS (
    UPDATE album_merge
    SET leads_to = %(survivor_id)s::uuid
    WHERE leads_to = ANY(%(ids)s::uuid[])
)

INSERT INTO album_merge (
    album_id, survivor_id, leads_to, mbid, grouping_key, album, given, cover_hashes
)
SELECT
    g.id,
    %(survivor_id)s::uuid,
    %(survivor_id)s::uuid,
    a.mbid,
    a.grouping_key,
    g.album,
    g.given,
    ARRAY(SELECT right(c.uri, 64) FROM album_cover AS c WHERE c.album_id = g.id)
FROM unnest(%(ids)s::uuid[], %(albums)s::bytea[], %(given)s::bytea[]) AS g (id, album, given)
JOIN album AS a ON a.id = g.id;

-- name: move_tracks
-- Moves the locked tracks of albums that become another one there, and remembers them; returns them.
-- track_album_idx.
WITH remembered AS (
    INSERT INTO album_merge_track (album_id, track_id)
    SELECT t.album_id, t.id FROM track AS t WHERE t.album_id = ANY(%(ids)s::uuid[])
)

UPDATE track
SET album_id = %(survivor_id)s::uuid
WHERE album_id = ANY(%(ids)s::uuid[])
RETURNING id;

-- name: move_folders
-- Gives the folders of albums that become another one to that, and remembers them. album_folder_album_idx.
WITH remembered AS (
    INSERT INTO album_merge_folder (album_id, key)
    SELECT f.album_id, f.key FROM album_folder AS f WHERE f.album_id = ANY(%(ids)s::uuid[])
)

UPDATE album_folder SET album_id = %(survivor_id)s::uuid WHERE album_id = ANY(%(ids)s::uuid[]);

-- name: remove_albums
-- Removes albums that nothing is on any more. Primary key.
DELETE FROM album WHERE id = ANY(%(ids)s::uuid[]);

-- name: get_album_merge
-- The merge of an album. Primary key.
SELECT survivor_id, leads_to, album, given FROM album_merge WHERE album_id = %(id)s::uuid;

-- name: add_album
-- An album that comes back, without what belongs to it: under the grouping key that it had, unless another
-- one has that. Primary keys of album and album_merge, album_grouping_key.
INSERT INTO album (id, title, revision, created_at, grouping_key)
SELECT
    m.album_id,
    %(title)s::text,
    %(revision)s::integer,
    %(created_at)s::timestamptz,
    CASE
        WHEN NOT EXISTS (SELECT FROM album AS a WHERE a.grouping_key = m.grouping_key)
            THEN m.grouping_key
    END AS grouping_key
FROM album_merge AS m
WHERE m.album_id = %(id)s::uuid;

-- name: return_tracks
-- Moves the locked tracks back that a merged album had and its survivor still has; returns them. Primary
-- keys of album_merge_track and track.
UPDATE track AS t
SET album_id = m.album_id
FROM album_merge_track AS m
WHERE m.album_id = %(id)s::uuid AND t.id = m.track_id AND t.album_id = %(survivor_id)s::uuid
RETURNING t.id;

-- name: return_folders
-- Gives the folders back that a merged album had and its survivor still has. Primary keys of
-- album_merge_folder and album_folder.
UPDATE album_folder AS f
SET album_id = m.album_id
FROM album_merge_folder AS m
WHERE m.album_id = %(id)s::uuid AND f.key = m.key AND f.album_id = %(survivor_id)s::uuid;

-- name: albums_merged_into
-- The merges of those that were merged into an album and still are, the first one first.
-- album_merge_survivor_idx; few, so the order is made by a sort.
SELECT album_id, survivor_id, album, given
FROM album_merge
WHERE survivor_id = %(id)s::uuid
ORDER BY merged_at, album_id;

-- name: merges_of_albums
-- The merges of albums, and of those that were merged into them. Primary key, album_merge_survivor_idx.
SELECT album_id, survivor_id, album, given
FROM album_merge
WHERE album_id = ANY(%(ids)s::uuid[]) OR survivor_id = ANY(%(ids)s::uuid[])
ORDER BY album_id;

-- name: remember_album
-- Remembers a merged album, and what its survivor has from it, otherwise than before. Primary key.
UPDATE album_merge
SET album = %(album)s::bytea, given = %(given)s::bytea
WHERE album_id = %(id)s::uuid;

-- name: forget_album_merge
-- Forgets the merge of an album, to which the ids of those lead again that had become it before. Primary
-- keys, album_merge_survivor_idx.
WITH RECURSIVE earlier AS (
    SELECT m.album_id FROM album_merge AS m WHERE m.survivor_id = %(id)s::uuid
    UNION ALL
    SELECT m.album_id
    FROM earlier AS e
    JOIN album_merge AS m ON m.survivor_id = e.album_id
),

redirected AS (
    UPDATE album_merge
    SET leads_to = %(id)s::uuid
    WHERE album_id IN (SELECT e.album_id FROM earlier AS e)
)

DELETE FROM album_merge WHERE album_id = %(id)s::uuid;

-- name: list_merged_albums
-- A page of the albums whose ids lead where one leads, in the order of their ids. album_merge_leads_to_idx.
SELECT album_id, album, survivor_id, merged_at
FROM album_merge
WHERE leads_to = leading_album(%(id)s::uuid) AND album_id > %(after)s::uuid
ORDER BY album_id
LIMIT %(limit)s::integer;

-- name: walk_album_artists
-- The last of the next artists in the order of their ids that stand in so many names of credits.
-- artist_credit_name_artist_idx.
SELECT artist_id
FROM artist_credit_name
WHERE artist_id > %(after)s::uuid
ORDER BY artist_id
OFFSET %(walk)s::integer
LIMIT 1;

-- name: albums_by_artist
-- The albums of which the first artist is between two ids, at most 2,000 of each artist, and none of those that
-- have one only. artist_credit_name_artist_idx, album_credit_idx.
SELECT w.artist_id, of_artist.id, of_artist.title, of_artist.title_key, of_artist.year
FROM (
    SELECT DISTINCT n.artist_id
    FROM artist_credit_name AS n
    WHERE n.artist_id > %(after)s::uuid AND n.artist_id <= %(last)s::uuid
) AS w
CROSS JOIN LATERAL (
    SELECT
        a.id,
        a.title,
        a.title_key,
        left(a.release_date::text, 4)::integer AS year,
        count(*) OVER () AS albums
    FROM artist_credit_name AS n
    JOIN album AS a ON a.credit_id = n.credit_id
    WHERE n.artist_id = w.artist_id AND n.position = 0
    ORDER BY a.id
    LIMIT 2000
) AS of_artist
WHERE of_artist.albums > 1
ORDER BY w.artist_id, of_artist.id;

-- name: describe_duplicate_albums
-- Albums as they are compared, with the titles of the first 200 live tracks of each. Primary keys of album and
-- artist_credit_name, track_album_idx.
SELECT
    a.id,
    a.title,
    a.title_key,
    ltrim(a.barcode, '0') AS barcode,
    left(a.release_date::text, 4)::integer AS year,
    n.artist_id,
    ARRAY(
        SELECT t.title_key
        FROM track AS t
        WHERE t.album_id = a.id AND t.deleted_at IS NULL
        LIMIT 200
    ) AS titles
FROM album AS a
LEFT JOIN artist_credit_name AS n ON n.credit_id = a.credit_id AND n.position = 0
WHERE a.id = ANY(%(ids)s::uuid[])
