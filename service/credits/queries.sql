-- name: find_known
-- Which names are those of artists of live tracks, or aliases of such. One that waits for review is not, for
-- it is in the catalogue only because nobody knows what it is. artist_name_key, artist_alias_name_key_idx,
-- credit_review_key_idx, artist_credit_name_artist_idx, track_credit_idx.
WITH given AS MATERIALIZED (
    SELECT name, left(fold(name), 300) AS name_key FROM unnest(%(names)s::text[]) AS g (name)
),

found AS (
    SELECT g.name, g.name_key, a.id
    FROM given AS g
    JOIN artist AS a ON a.name_key = g.name_key
    UNION ALL
    SELECT g.name, g.name_key, a.artist_id
    FROM given AS g
    JOIN artist_alias AS a ON a.name_key = g.name_key
)

SELECT DISTINCT f.name
FROM found AS f
WHERE
    NOT EXISTS (
        SELECT FROM credit_review AS r
        WHERE r.name_key = f.name_key AND (r.names IS NULL OR cardinality(r.names) > 1)
    )
    AND EXISTS (
        SELECT FROM artist_credit_name AS n
        JOIN track AS t ON t.credit_id = n.credit_id AND t.deleted_at IS NULL
        WHERE n.artist_id = f.id
    );

-- name: find_decided
-- What people have decided about names. Primary key.
SELECT name, names
FROM credit_review
WHERE name = ANY(%(names)s::text[]) AND names IS NOT NULL;

-- name: add_reviews
-- Names to decide about; one that is known to be in doubt stays as it is. Primary key.
INSERT INTO credit_review (name)
SELECT g.name FROM unnest(%(names)s::text[]) AS g (name)
ORDER BY g.name
ON CONFLICT DO NOTHING;

-- name: list_reviews
-- A page of the names that are in doubt, in their order. credit_review_open_idx.
SELECT name, seen_at
FROM credit_review
WHERE decided_at IS NULL AND name > %(after)s::text COLLATE "C"
ORDER BY name
LIMIT %(limit)s::integer;

-- name: decide
-- What somebody has decided about a name. Primary key.
INSERT INTO credit_review (name, names, decided_at)
VALUES (%(name)s::text, %(names)s::text[], now())
ON CONFLICT (name) DO UPDATE SET names = EXCLUDED.names, decided_at = EXCLUDED.decided_at;

-- name: find_credited_albums
-- The albums whose credit holds a name as it stands, as that of an artist that is or was called so.
-- artist_name_key, artist_alias_name_key_idx, artist_credit_name_artist_idx, album_credit_idx.
SELECT DISTINCT b.id
FROM artist_credit_name AS n
JOIN album AS b ON b.credit_id = n.credit_id
WHERE n.name = %(name)s::text
    AND n.artist_id IN (
        SELECT a.id FROM artist AS a WHERE a.name_key = left(fold(%(name)s::text), 300)
        UNION ALL
        SELECT s.artist_id FROM artist_alias AS s WHERE s.name_key = left(fold(%(name)s::text), 300)
    )
ORDER BY b.id;

-- name: find_credited
-- The live tracks whose credit holds a name as it stands, in the same way. artist_name_key,
-- artist_alias_name_key_idx, artist_credit_name_artist_idx, track_credit_idx.
SELECT DISTINCT t.id
FROM artist_credit_name AS n
JOIN track AS t ON t.credit_id = n.credit_id AND t.deleted_at IS NULL
WHERE n.name = %(name)s::text
    AND n.artist_id IN (
        SELECT a.id FROM artist AS a WHERE a.name_key = left(fold(%(name)s::text), 300)
        UNION ALL
        SELECT s.artist_id FROM artist_alias AS s WHERE s.name_key = left(fold(%(name)s::text), 300)
    )
ORDER BY t.id;
