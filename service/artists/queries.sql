-- name: artist_names
-- The artists that ids lead to, by these ids, and their names. Primary keys of artist and artist_merge.
SELECT g.id AS asked_id, a.id, a.name
FROM unnest(%(ids)s::uuid[]) AS g (id)
JOIN artist AS a ON a.id = leading_artist(g.id);

-- name: find_artists_by_name
-- The artist of each name: the one that bears it, or bore it until it was merged into another one; else
-- one that has it as an alias; the one without disambiguation first. Says whether it is held, as by
-- hold_artists: one that was merged while it was waited for is not. artist_name_key,
-- artist_merge_name_key_idx, artist_alias_name_key_idx, primary key of artist.
WITH given AS MATERIALIZED (
    SELECT name, left(fold(name), 300) AS name_key FROM unnest(%(names)s::text[]) AS g (name)
),

found AS (
    SELECT g.name, a.id, 0 AS kind, a.disambiguation, 0 AS distance
    FROM given AS g
    JOIN artist AS a ON a.name_key = g.name_key
    UNION ALL
    SELECT g.name, m.leads_to, 0, m.disambiguation, 1
    FROM given AS g
    JOIN artist_merge AS m ON m.name_key = g.name_key
    UNION ALL
    SELECT g.name, a.artist_id, 1, '', 0
    FROM given AS g
    JOIN artist_alias AS a ON a.name_key = g.name_key
),

meant AS MATERIALIZED (
    SELECT DISTINCT ON (name) name, id
    FROM found
    ORDER BY name, kind, disambiguation, distance, id
),

held AS MATERIALIZED (
    SELECT a.id FROM artist AS a WHERE a.id IN (SELECT id FROM meant) ORDER BY a.id FOR KEY SHARE
)

SELECT m.name, m.id, held.id IS NOT NULL AS is_held
FROM meant AS m
LEFT JOIN held ON held.id = m.id
ORDER BY m.name;

-- name: add_artists
-- New artists, in the order of their keys, so that two writers never wait for each other in a circle.
-- A name that somebody else has just added is left to them. Returns those that were added. artist_name_key.
INSERT INTO artist (id, name)
SELECT id, name
FROM unnest(%(ids)s::uuid[], %(names)s::text[]) AS g (id, name)
ORDER BY left(fold(name), 300)
ON CONFLICT (name_key, disambiguation) DO NOTHING
RETURNING name, id;

-- name: hold_artists
-- Keeps artists from being renamed or merged until the transaction ends, while others may credit them too;
-- returns those that are still there. Primary key.
SELECT id FROM artist WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR KEY SHARE;

-- name: add_credits
-- New credits with their names; those that exist are left alone, for equal ids are equal credits. The
-- words are those of the names as credited, of the artists' own names and of their aliases. Primary keys
-- of artist_credit, artist and artist_alias.
WITH name AS MATERIALIZED (
    SELECT g.credit_id, g.position, g.artist_id, g.name, g.join_phrase, g.role
    FROM unnest(
        %(credit_ids)s::uuid[],
        %(positions)s::smallint[],
        %(artist_ids)s::uuid[],
        %(names)s::text[],
        %(join_phrases)s::text[],
        %(roles)s::text[]
    ) AS g (credit_id, position, artist_id, name, join_phrase, role)
    -- Most credits are known: not to make their words again halves what this takes.
    WHERE NOT EXISTS (SELECT FROM artist_credit AS c WHERE c.id = g.credit_id)
),

key AS (
    SELECT
        n.credit_id,
        string_agg(
            CASE WHEN a.name = n.name THEN a.name_key ELSE fold(n.name) || ' ' || a.name_key END
            || coalesce(
                (
                    SELECT ' ' || string_agg(s.name_key, ' ')
                    FROM artist_alias AS s
                    WHERE s.artist_id = n.artist_id
                ),
                ''
            ),
            ' '
        ) AS words
    FROM name AS n
    JOIN artist AS a ON a.id = n.artist_id
    GROUP BY n.credit_id
),

new AS (
    INSERT INTO artist_credit (id, display, names_key, words)
    SELECT g.id, g.display, left(fold(g.display), 300), weighted_words(k.words, 'B')
    FROM unnest(%(ids)s::uuid[], %(displays)s::text[]) AS g (id, display)
    JOIN key AS k ON k.credit_id = g.id
    ORDER BY g.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)

INSERT INTO artist_credit_name (credit_id, position, artist_id, name, join_phrase, role)
SELECT n.credit_id, n.position, n.artist_id, n.name, n.join_phrase, n.role
FROM name AS n
JOIN new ON new.id = n.credit_id;

-- name: get_artists
-- The artists that ids lead to, with all that belongs to them, in the order of the ids. Primary keys of
-- artist, artist_merge, artist_alias, artist_link and artist_source.
SELECT
    a.id,
    a.name,
    a.sort_name,
    a.disambiguation,
    a.country,
    a.mbid,
    ARRAY(
        SELECT ROW (s.name, s.locale, s.type, s.is_primary)
        FROM artist_alias AS s
        WHERE s.artist_id = a.id
        ORDER BY s.position
    ) AS aliases,
    ARRAY(
        SELECT ROW (l.type, l.uri)
        FROM artist_link AS l
        WHERE l.artist_id = a.id
        ORDER BY l.position
    ) AS links,
    ARRAY(
        SELECT ROW (s.type, s.external_id, s.uri, s.unavailable, s.synced_at)
        FROM artist_source AS s
        WHERE s.artist_id = a.id
        ORDER BY s.position
    ) AS sources,
    a.name_key,
    a.revision,
    a.created_at,
    a.updated_at
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS wanted (id, ordinal)
JOIN artist AS a ON a.id = leading_artist(wanted.id)
ORDER BY wanted.ordinal;

-- name: lock_artist
-- Holds the artist that an id leads to until the transaction ends, also against new credits: those that are
-- being written now are waited for, so that a rename reaches them. Primary keys of artist and artist_merge.
SELECT id FROM artist WHERE id = leading_artist(%(id)s::uuid) FOR UPDATE;

-- name: list_artists
-- A page of all artists. artist_name_key.
SELECT id
FROM artist
WHERE (name_key, disambiguation) >= (%(from_key)s::text, %(from_disambiguation)s::text)
ORDER BY name_key, disambiguation
LIMIT %(limit)s::integer;

-- name: list_artists_by_prefix
-- A page of the artists of which a name or alias begins with the prefix. chr(1114111) is the last
-- character there is. The scan begins at the prefix or at the page, whichever is later: of two lower
-- bounds an index would use one only. artist_name_key, artist_alias_name_key_idx, primary key of artist.
(
    SELECT id, name_key, disambiguation
    FROM artist
    WHERE (name_key, disambiguation) >= (
        greatest(%(from_key)s::text, left(fold(%(prefix)s::text), 300) COLLATE "C"),
        %(from_disambiguation)s::text
    )
    AND name_key < left(fold(%(prefix)s::text), 300) || chr(1114111)
    ORDER BY name_key, disambiguation
    LIMIT %(limit)s::integer
)
UNION
(
    SELECT a.id, a.name_key, a.disambiguation
    FROM artist AS a
    WHERE a.id IN (
        SELECT s.artist_id
        FROM artist_alias AS s
        WHERE s.name_key >= left(fold(%(prefix)s::text), 300)
            AND s.name_key < left(fold(%(prefix)s::text), 300) || chr(1114111)
    )
    AND (a.name_key, a.disambiguation) >= (%(from_key)s::text, %(from_disambiguation)s::text)
    ORDER BY a.name_key, a.disambiguation
    LIMIT %(limit)s::integer
)
ORDER BY name_key, disambiguation
LIMIT %(limit)s::integer;

-- name: find_artist_by_source
-- The artist that has a place in another system, if a name or alias of it begins with the prefix.
-- artist_source_external_key, primary keys of artist and artist_alias.
SELECT a.id
FROM artist_source AS x
JOIN artist AS a ON a.id = x.artist_id
WHERE x.type = %(type)s::text
    AND x.external_id = %(external_id)s::text
    AND EXISTS (
        SELECT FROM (
            SELECT a.name_key
            UNION ALL
            SELECT s.name_key FROM artist_alias AS s WHERE s.artist_id = a.id
        ) AS known
        WHERE starts_with(known.name_key, left(fold(%(prefix)s::text), 300))
    );

-- name: update_artist
-- New values for an artist that is locked. artist_name_key and artist_mbid_key refuse those of another
-- one. Primary key.
UPDATE artist
SET
    name = %(name)s::text,
    sort_name = %(sort_name)s::text,
    disambiguation = %(disambiguation)s::text,
    country = %(country)s::text,
    mbid = %(mbid)s::uuid,
    revision = revision + 1
WHERE id = %(id)s::uuid;

-- name: clear_aliases
-- Takes all aliases from an artist. Primary key of artist_alias.
DELETE FROM artist_alias WHERE artist_id = %(artist_id)s::uuid;

-- name: add_aliases
-- Gives an artist its aliases, in order.
INSERT INTO artist_alias (artist_id, position, name, locale, type, is_primary)
SELECT %(artist_id)s::uuid, g.ordinal - 1, g.name, g.locale, g.type, g.is_primary
FROM unnest(
    %(name)s::text[], %(locale)s::text[], %(type)s::text[], %(is_primary)s::boolean[]
) WITH ORDINALITY AS g (name, locale, type, is_primary, ordinal);

-- name: clear_links
-- Takes all links from an artist. Primary key of artist_link.
DELETE FROM artist_link WHERE artist_id = %(artist_id)s::uuid;

-- name: add_links
-- Gives an artist its links, in order.
INSERT INTO artist_link (artist_id, position, type, uri)
SELECT %(artist_id)s::uuid, g.ordinal - 1, g.type, g.uri
FROM unnest(%(type)s::text[], %(uri)s::text[]) WITH ORDINALITY AS g (type, uri, ordinal);

-- name: clear_artist_sources
-- Takes all places in other systems from an artist. Primary key of artist_source.
DELETE FROM artist_source WHERE artist_id = %(artist_id)s::uuid;

-- name: add_artist_sources
-- Gives an artist its places in other systems, in order; returns those that nobody else has.
-- artist_source_external_key.
INSERT INTO artist_source (artist_id, position, type, external_id, uri, unavailable, synced_at)
SELECT %(artist_id)s::uuid, g.ordinal - 1, g.type, g.id, g.uri, g.unavailable, g.synced_at
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

-- name: list_artist_tracks
-- A page of the live tracks that credit the artist that an id leads to, newest release first.
-- artist_credit_name_artist_idx, track_credit_idx, primary key of artist_merge; the order is made by a sort
-- of the artist's tracks.
SELECT
    t.document,
    coalesce(t.release_date::text, '') COLLATE "C" AS released,
    t.id
FROM track AS t
WHERE t.credit_id IN (
    SELECT n.credit_id
    FROM artist_credit_name AS n
    WHERE n.artist_id = leading_artist(%(artist_id)s::uuid)
)
AND t.deleted_at IS NULL
AND (%(library_id)s::uuid IS NULL OR t.library_id = %(library_id)s::uuid)
AND (coalesce(t.release_date::text, '') COLLATE "C", t.id)
    < (%(before_date)s::text, %(before_id)s::uuid)
ORDER BY released DESC, t.id DESC
LIMIT %(limit)s::integer;

-- name: hold_tracks_of_artists
-- Holds the tracks that show artists, in their own credits or in those of their albums, until the
-- transaction ends; before the artists themselves, as a change of a track takes them.
-- artist_credit_name_artist_idx, track_credit_idx, album_credit_idx, track_album_idx.
SELECT t.id
FROM track AS t
WHERE t.id IN (
    SELECT c.id
    FROM artist_credit_name AS n
    JOIN track AS c ON c.credit_id = n.credit_id
    WHERE n.artist_id = ANY(%(ids)s::uuid[])
    UNION ALL
    SELECT s.id
    FROM artist_credit_name AS n
    JOIN album AS a ON a.credit_id = n.credit_id
    JOIN track AS s ON s.album_id = a.id
    WHERE n.artist_id = ANY(%(ids)s::uuid[])
)
ORDER BY t.id
FOR UPDATE;

-- name: hold_tracks_of_subjects
-- The same for tracks, and those on albums, by the ids of these. Primary key of track, track_album_idx.
SELECT t.id
FROM track AS t
WHERE t.id IN (
    SELECT g.id FROM unnest(%(ids)s::uuid[]) AS g (id)
    UNION ALL
    SELECT s.id FROM track AS s WHERE s.album_id = ANY(%(ids)s::uuid[])
)
ORDER BY t.id
FOR UPDATE;

-- name: lock_artists
-- Holds artists until the transaction ends, in the order of their ids, also against new credits. Primary key.
SELECT id FROM artist WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE;

-- name: give_up_places
-- Takes from artists what only one artist can have. Primary keys of artist and artist_source.
WITH places AS (DELETE FROM artist_source WHERE artist_id = ANY(%(ids)s::uuid[]))

UPDATE artist SET mbid = NULL WHERE id = ANY(%(ids)s::uuid[]);

-- name: add_artist_merges
-- Remembers artists that become another one, and lets the ids that led to them lead there.
-- artist_merge_leads_to_idx.
WITH earlier AS (
    UPDATE artist_merge
    SET leads_to = %(survivor_id)s::uuid
    WHERE leads_to = ANY(%(ids)s::uuid[])
)

INSERT INTO artist_merge (
    artist_id, survivor_id, leads_to, name, disambiguation, artist, given
)
SELECT
    g.id, %(survivor_id)s::uuid, %(survivor_id)s::uuid, g.name, g.disambiguation, g.artist, g.given
FROM unnest(
    %(ids)s::uuid[],
    %(names)s::text[],
    %(disambiguations)s::text[],
    %(artists)s::bytea[],
    %(given)s::bytea[]
) AS g (id, name, disambiguation, artist, given);

-- name: add_taken_names
-- Remembers which names in credits were those of merged artists.
INSERT INTO artist_merge_name (artist_id, subject, position, name, role)
SELECT g.artist_id, g.subject, g.position, g.name, g.role
FROM unnest(
    %(artist_ids)s::uuid[],
    %(subjects)s::uuid[],
    %(positions)s::smallint[],
    %(names)s::text[],
    %(roles)s::text[]
) AS g (artist_id, subject, position, name, role);

-- name: add_led_names
-- Remembers which names in the credit of an album that comes back were those of artists that have been merged
-- since, for each merge on the way to where these lead. Primary keys of artist_merge and artist_merge_name.
WITH RECURSIVE way AS (
    SELECT m.artist_id, m.survivor_id, g.position, g.name, g.role
    FROM unnest(
        %(artist_ids)s::uuid[], %(positions)s::smallint[], %(names)s::text[], %(roles)s::text[]
    ) AS g (artist_id, position, name, role)
    JOIN artist_merge AS m ON m.artist_id = g.artist_id
    UNION ALL
    SELECT m.artist_id, m.survivor_id, w.position, w.name, w.role
    FROM way AS w
    JOIN artist_merge AS m ON m.artist_id = w.survivor_id
)

INSERT INTO artist_merge_name (artist_id, subject, position, name, role)
SELECT w.artist_id, %(subject)s::uuid, w.position, w.name, w.role
FROM way AS w
ON CONFLICT (artist_id, subject, position) DO UPDATE
SET name = excluded.name, role = excluded.role;

-- name: copy_taken_names
-- Remembers for an album that gets the credit of another one which names in it were those of artists that are
-- merged into its artists. artist_merge_leads_to_idx, primary key of artist_merge_name.
INSERT INTO artist_merge_name (artist_id, subject, position, name, role)
SELECT n.artist_id, %(to_id)s::uuid, n.position, n.name, n.role
FROM artist_merge AS m
JOIN artist_merge_name AS n ON n.artist_id = m.artist_id
WHERE m.leads_to = ANY(%(artist_ids)s::uuid[]) AND n.subject = %(from_id)s::uuid
ON CONFLICT (artist_id, subject, position) DO UPDATE
SET name = excluded.name, role = excluded.role;

-- name: credits_of_artists
-- The credits that name artists. artist_credit_name_artist_idx.
SELECT DISTINCT credit_id FROM artist_credit_name WHERE artist_id = ANY(%(ids)s::uuid[]);

-- name: tracks_of_these_credits
-- The tracks of credits, deleted ones included. track_credit_idx.
SELECT id, credit_id FROM track WHERE credit_id = ANY(%(ids)s::uuid[]);

-- name: credits_of_tracks
-- The credits of tracks. Primary key.
SELECT id, credit_id FROM track WHERE id = ANY(%(ids)s::uuid[]) AND credit_id IS NOT NULL;

-- name: remove_credits
-- Removes credits that nothing has any more. Primary key, track_credit_idx, album_credit_idx.
DELETE FROM artist_credit AS c
WHERE c.id = ANY(%(ids)s::uuid[])
    AND NOT EXISTS (SELECT FROM track AS t WHERE t.credit_id = c.id)
    AND NOT EXISTS (SELECT FROM album AS a WHERE a.credit_id = c.id);

-- name: remove_artists
-- Removes artists that nothing credits any more. Primary key.
DELETE FROM artist WHERE id = ANY(%(ids)s::uuid[]);

-- name: get_artist_merge
-- The merge of an artist. Primary key.
SELECT survivor_id, leads_to, artist, given FROM artist_merge WHERE artist_id = %(id)s::uuid;

-- name: taken_names
-- The names that were those of a merged artist, by the tracks and albums whose credits have them. Primary
-- key of artist_merge_name.
SELECT subject, position, name, role
FROM artist_merge_name
WHERE artist_id = %(id)s::uuid
ORDER BY subject, position;

-- name: add_artist
-- An artist that comes back, without what belongs to it. Primary key; artist_name_key refuses the name of
-- another one.
INSERT INTO artist (id, name, disambiguation, revision, created_at)
VALUES (
    %(id)s::uuid,
    %(name)s::text,
    %(disambiguation)s::text,
    %(revision)s::integer,
    %(created_at)s::timestamptz
);

-- name: artists_merged_into
-- The merges of those that were merged into an artist and still are, the first one first.
-- artist_merge_survivor_idx; few, so the order is made by a sort.
SELECT artist_id, artist, given
FROM artist_merge
WHERE survivor_id = %(id)s::uuid
ORDER BY merged_at, artist_id;

-- name: set_artist_given
-- Remembers what a survivor has from a merged artist. Primary key.
UPDATE artist_merge SET given = %(given)s::bytea WHERE artist_id = %(id)s::uuid;

-- name: forget_artist_merge
-- Forgets the merge of an artist, to which the ids of those lead again that had become it before. Primary
-- keys, artist_merge_survivor_idx.
WITH RECURSIVE earlier AS (
    SELECT m.artist_id FROM artist_merge AS m WHERE m.survivor_id = %(id)s::uuid
    UNION ALL
    SELECT m.artist_id
    FROM earlier AS e
    JOIN artist_merge AS m ON m.survivor_id = e.artist_id
),

redirected AS (
    UPDATE artist_merge
    SET leads_to = %(id)s::uuid
    WHERE artist_id IN (SELECT e.artist_id FROM earlier AS e)
)

DELETE FROM artist_merge WHERE artist_id = %(id)s::uuid;

-- name: list_merged_artists
-- A page of the artists whose ids lead where one leads, in the order of their ids. artist_merge_leads_to_idx.
SELECT artist_id, artist, survivor_id, merged_at
FROM artist_merge
WHERE leads_to = leading_artist(%(id)s::uuid) AND artist_id > %(after)s::uuid
ORDER BY artist_id
LIMIT %(limit)s::integer;

-- name: walk_artists
-- The last of the next artists in the order of their ids. Primary key.
SELECT id
FROM artist
WHERE id > %(after)s::uuid
ORDER BY id
OFFSET %(walk)s::integer - 1
LIMIT 1;

-- name: similar_artists
-- Pairs of artists with alike names, of which the first is between two ids and the second has a higher one,
-- and how many titles of tracks and albums they share, of the first 50 tracks of the one and as many tracks
-- of the same title or album; not those that one track credits, for they are two. What has only other spaces
-- or articles is left out. Primary key, artist_credit_name_artist_idx, track_credit_idx,
-- track_search_title_idx, track_album_idx.
WITH heard AS MATERIALIZED (
    SELECT w.id, w.name_key, l.track_id, l.title_key, l.album_id
    FROM artist AS w
    CROSS JOIN LATERAL (
        SELECT t.id AS track_id, t.title_key, t.album_id
        FROM artist_credit_name AS n
        JOIN track AS t ON t.credit_id = n.credit_id
        WHERE n.artist_id = w.id AND t.deleted_at IS NULL
        LIMIT 50
    ) AS l
    WHERE w.id > %(after)s::uuid AND w.id <= %(last)s::uuid
),

met AS (
    SELECT h.id, h.name_key, h.title_key AS what, o.credit_id
    FROM heard AS h
    CROSS JOIN LATERAL (
        SELECT t.credit_id
        FROM track_search AS s
        JOIN track AS t ON t.id = s.track_id
        WHERE s.title_key = h.title_key AND s.track_id <> h.track_id
        LIMIT 50
    ) AS o
    UNION
    SELECT h.id, h.name_key, h.album_id::text, o.credit_id
    FROM (SELECT DISTINCT d.id, d.name_key, d.album_id FROM heard AS d) AS h
    CROSS JOIN LATERAL (
        SELECT t.credit_id
        FROM track AS t
        WHERE t.album_id = h.album_id AND t.deleted_at IS NULL
        LIMIT 50
    ) AS o
)

SELECT m.id, m.name_key, a.id AS other_id, a.name_key AS other_key, count(DISTINCT m.what) AS shared
FROM met AS m
JOIN artist_credit_name AS c ON c.credit_id = m.credit_id
JOIN artist AS a ON a.id = c.artist_id AND a.id > m.id
WHERE similarity(m.name_key, a.name_key) >= 0.35
    AND name_letters(m.name_key) <> name_letters(a.name_key)
    AND NOT EXISTS (
        SELECT FROM artist_credit_name AS one
        JOIN artist_credit_name AS two ON two.credit_id = one.credit_id AND two.artist_id = a.id
        WHERE one.artist_id = m.id
    )
GROUP BY m.id, m.name_key, a.id, a.name_key
ORDER BY m.id, a.id;

-- name: describe_duplicate_artists
-- Artists as they are compared, with the titles and albums of the first 200 live tracks of each. Primary keys
-- of artist and artist_alias, artist_credit_name_artist_idx, track_credit_idx.
SELECT
    a.id,
    a.name_key,
    name_letters(a.name_key) AS letters,
    ARRAY(SELECT s.name_key FROM artist_alias AS s WHERE s.artist_id = a.id) AS aliases,
    l.titles,
    l.albums
FROM artist AS a
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(f.title_key), '{}') AS titles,
        coalesce(array_agg(f.album_id) FILTER (WHERE f.album_id IS NOT NULL), '{}') AS albums
    FROM (
        SELECT t.title_key, t.album_id
        FROM artist_credit_name AS n
        JOIN track AS t ON t.credit_id = n.credit_id
        WHERE n.artist_id = a.id AND t.deleted_at IS NULL
        LIMIT 200
    ) AS f
) AS l
WHERE a.id = ANY(%(ids)s::uuid[])
