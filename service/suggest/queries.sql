-- name: plan_once
-- Lets the statements of this transaction be planned once and for all values: planning takes longer than
-- they do, and the indexes are the same for whatever was typed.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);

-- name: popular_names
-- The best names of each kind, of those that are popular: they begin with what was typed, or all its words
-- occur in them. Looks at no more than the 2,000 most popular ones of a kind that begin with the same
-- letters, and at 300 with the words. name_search_letter_idx, name_search_letters_idx,
-- name_search_words_tier_0_idx, primary keys of what is shown.
WITH begun AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM unnest(%(kinds)s::text[]) AS k (kind)
    CROSS JOIN LATERAL (
        (
            SELECT n.subject, n.position, n.kind, n.popularity, n.name_key
            FROM name_search AS n
            WHERE n.kind = k.kind
                AND left(n.name_key, 1) = left(%(key)s::text, 1)
                AND n.name_key >= %(key)s::text
                AND n.name_key < %(key)s::text || chr(1114111)
                AND n.tier = 0
                AND char_length(%(key)s::text) < 3
                AND (
                    %(library_id)s::uuid IS NULL
                    OR in_library(n.kind, n.subject, n.library_id, %(library_id)s::uuid)
                )
            ORDER BY n.popularity DESC, n.subject
            LIMIT %(limit)s::integer
        )
        UNION ALL
        (
            SELECT n.subject, n.position, n.kind, n.popularity, n.name_key
            FROM name_search AS n
            WHERE n.kind = k.kind
                AND left(n.name_key, 3) = left(%(key)s::text, 3)
                AND n.name_key >= %(key)s::text
                AND n.name_key < %(key)s::text || chr(1114111)
                AND n.tier = 0
                AND char_length(%(key)s::text) >= 3
                AND (
                    %(library_id)s::uuid IS NULL
                    OR in_library(n.kind, n.subject, n.library_id, %(library_id)s::uuid)
                )
            ORDER BY n.popularity DESC, n.subject
            LIMIT %(limit)s::integer
        )
    ) AS s
),

worded AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM (
        SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id, n.words
        FROM name_search AS n
        WHERE n.words @@ %(probe)s::text::tsquery AND n.tier = 0
        LIMIT 300
    ) AS s
    WHERE s.words @@ %(words)s::text::tsquery
        AND s.kind = ANY(%(kinds)s::text[])
        AND (
            %(library_id)s::uuid IS NULL
            OR in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)
        )
),

best AS (
    SELECT DISTINCT ON (c.subject)
        c.subject, c.position, c.kind, c.name_key, c.popularity,
        name_relevance(c.name_key, %(key)s::text, c.popularity) AS relevance
    FROM (
        SELECT subject, position, kind, popularity, name_key FROM begun
        UNION ALL
        SELECT subject, position, kind, popularity, name_key FROM worded
    ) AS c
    ORDER BY c.subject, relevance DESC, c.position
),

placed AS (
    SELECT
        b.subject, b.position, b.kind, b.name_key, b.popularity, b.relevance,
        row_number() OVER (
            PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
        ) AS place
    FROM best AS b
)

SELECT
    p.kind, p.subject AS id, p.name_key AS key, p.popularity, p.relevance, own.name AS text,
    coalesce(c.display, '') AS artists, CASE WHEN p.position > 0 THEN n.name ELSE '' END AS alias
FROM placed AS p
JOIN name_search AS n ON n.subject = p.subject AND n.position = p.position
JOIN name_search AS own ON own.subject = p.subject AND own.position = 0
LEFT JOIN album AS a ON p.kind = 'ALBUM' AND a.id = p.subject
LEFT JOIN artist_credit AS c ON c.id = a.credit_id
WHERE p.place <= %(limit)s::integer
ORDER BY p.kind, p.place;

-- name: other_names
-- The same of the names that are not popular: of those that begin with what was typed it looks at the
-- first 300 of a kind. name_search_key_idx, name_search_words_idx.
WITH begun AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM unnest(%(kinds)s::text[]) AS k (kind)
    CROSS JOIN LATERAL (
        SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id
        FROM name_search AS n
        WHERE n.kind = k.kind
            AND n.name_key >= %(key)s::text
            AND n.name_key < %(key)s::text || chr(1114111)
            AND n.tier = 1
        ORDER BY n.name_key, n.popularity DESC, n.subject
        LIMIT 100
    ) AS s
    WHERE %(library_id)s::uuid IS NULL
        OR in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)
),

worded AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM (
        SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id, n.words
        FROM name_search AS n
        WHERE n.words @@ %(probe)s::text::tsquery AND n.tier = 1
        LIMIT 300
    ) AS s
    WHERE s.words @@ %(words)s::text::tsquery
        AND s.kind = ANY(%(kinds)s::text[])
        AND (
            %(library_id)s::uuid IS NULL
            OR in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)
        )
),

best AS (
    SELECT DISTINCT ON (c.subject)
        c.subject, c.position, c.kind, c.name_key, c.popularity,
        name_relevance(c.name_key, %(key)s::text, c.popularity) AS relevance
    FROM (
        SELECT subject, position, kind, popularity, name_key FROM begun
        UNION ALL
        SELECT subject, position, kind, popularity, name_key FROM worded
    ) AS c
    ORDER BY c.subject, relevance DESC, c.position
),

placed AS (
    SELECT
        b.subject, b.position, b.kind, b.name_key, b.popularity, b.relevance,
        row_number() OVER (
            PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
        ) AS place
    FROM best AS b
)

SELECT
    p.kind, p.subject AS id, p.name_key AS key, p.popularity, p.relevance, own.name AS text,
    coalesce(c.display, '') AS artists, CASE WHEN p.position > 0 THEN n.name ELSE '' END AS alias
FROM placed AS p
JOIN name_search AS n ON n.subject = p.subject AND n.position = p.position
JOIN name_search AS own ON own.subject = p.subject AND own.position = 0
LEFT JOIN album AS a ON p.kind = 'ALBUM' AND a.id = p.subject
LEFT JOIN artist_credit AS c ON c.id = a.credit_id
WHERE p.place <= %(limit)s::integer
ORDER BY p.kind, p.place;

-- name: names_with_words
-- The best names of each kind in which words occur: of 300 popular ones, and of 300 others where these are
-- not enough. name_search_words_tier_0_idx, name_search_words_idx.
WITH worded AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM (
        (
            SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id, n.words
            FROM name_search AS n
            WHERE n.words @@ %(probe)s::text::tsquery AND n.tier = 0
            LIMIT 300
        )
        UNION ALL
        (
            SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id, n.words
            FROM name_search AS n
            WHERE n.words @@ %(probe)s::text::tsquery AND n.tier = 1
            LIMIT 300
        )
        LIMIT 300
    ) AS s
    WHERE s.kind = ANY(%(kinds)s::text[])
        AND (
            %(library_id)s::uuid IS NULL
            OR in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)
        )
),

best AS (
    SELECT DISTINCT ON (c.subject)
        c.subject, c.position, c.kind, c.name_key, c.popularity,
        name_relevance(c.name_key, %(key)s::text, c.popularity) AS relevance
    FROM worded AS c
    ORDER BY c.subject, relevance DESC, c.position
),

placed AS (
    SELECT
        b.subject, b.position, b.kind, b.name_key, b.popularity, b.relevance,
        row_number() OVER (
            PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
        ) AS place
    FROM best AS b
)

SELECT
    p.kind, p.subject AS id, p.name_key AS key, p.popularity, p.relevance, own.name AS text,
    coalesce(c.display, '') AS artists, CASE WHEN p.position > 0 THEN n.name ELSE '' END AS alias
FROM placed AS p
JOIN name_search AS n ON n.subject = p.subject AND n.position = p.position
JOIN name_search AS own ON own.subject = p.subject AND own.position = 0
LEFT JOIN album AS a ON p.kind = 'ALBUM' AND a.id = p.subject
LEFT JOIN artist_credit AS c ON c.id = a.credit_id
WHERE p.place <= %(limit)s::integer
ORDER BY p.kind, p.place;

-- name: names_called
-- The best of what is called one of some names. name_search_key_idx.
WITH called AS (
    SELECT s.subject, s.position, s.kind, s.popularity, s.name_key
    FROM unnest(%(kinds)s::text[]) AS k (kind)
    CROSS JOIN unnest(%(keys)s::text[]) AS g (key)
    CROSS JOIN LATERAL (
        SELECT n.subject, n.position, n.kind, n.popularity, n.name_key, n.library_id
        FROM name_search AS n
        WHERE n.kind = k.kind AND n.name_key = g.key
        ORDER BY n.popularity DESC, n.subject
        LIMIT 100
    ) AS s
    WHERE %(library_id)s::uuid IS NULL
        OR in_library(s.kind, s.subject, s.library_id, %(library_id)s::uuid)
),

best AS (
    SELECT DISTINCT ON (c.subject)
        c.subject, c.position, c.kind, c.name_key, c.popularity,
        name_relevance(c.name_key, %(key)s::text, c.popularity) AS relevance
    FROM called AS c
    ORDER BY c.subject, relevance DESC, c.position
),

placed AS (
    SELECT
        b.subject, b.position, b.kind, b.name_key, b.popularity, b.relevance,
        row_number() OVER (
            PARTITION BY b.kind ORDER BY b.relevance DESC, char_length(b.name_key), b.subject
        ) AS place
    FROM best AS b
)

SELECT
    p.kind, p.subject AS id, p.name_key AS key, p.popularity, p.relevance, own.name AS text,
    coalesce(c.display, '') AS artists, CASE WHEN p.position > 0 THEN n.name ELSE '' END AS alias
FROM placed AS p
JOIN name_search AS n ON n.subject = p.subject AND n.position = p.position
JOIN name_search AS own ON own.subject = p.subject AND own.position = 0
LEFT JOIN album AS a ON p.kind = 'ALBUM' AND a.id = p.subject
LEFT JOIN artist_credit AS c ON c.id = a.credit_id
WHERE p.place <= %(limit)s::integer
ORDER BY p.kind, p.place;

-- name: popular_titles
-- The best tracks, of those that are popular: the title begins with what was typed, or all its words occur
-- in title and artists. Looks at no more than the 2,000 most popular ones that begin with the same letters,
-- and at 300 with the words. Several recordings of one title by one artist are shown as one.
-- track_search_letter_idx, track_search_letters_idx, track_search_words_tier_0_idx.
WITH found AS (
    (
        SELECT t.track_id, t.popularity, t.title_key, t.artist_key
        FROM track_search AS t
        WHERE left(t.title_key, 1) = left(%(key)s::text, 1)
            AND t.title_key >= %(key)s::text
            AND t.title_key < %(key)s::text || chr(1114111)
            AND t.popularity >= 60
            AND char_length(%(key)s::text) < 3
            AND (%(library_id)s::uuid IS NULL OR t.library_id = %(library_id)s::uuid)
        ORDER BY t.popularity DESC, t.track_id
        LIMIT 3 * %(limit)s::integer
    )
    UNION ALL
    (
        SELECT t.track_id, t.popularity, t.title_key, t.artist_key
        FROM track_search AS t
        WHERE left(t.title_key, 3) = left(%(key)s::text, 3)
            AND t.title_key >= %(key)s::text
            AND t.title_key < %(key)s::text || chr(1114111)
            AND t.popularity >= 60
            AND char_length(%(key)s::text) >= 3
            AND (%(library_id)s::uuid IS NULL OR t.library_id = %(library_id)s::uuid)
        ORDER BY t.popularity DESC, t.track_id
        LIMIT 3 * %(limit)s::integer
    )
    UNION ALL
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM (
        SELECT t.track_id, t.popularity, t.title_key, t.artist_key, t.library_id, t.words
        FROM track_search AS t
        WHERE t.words @@ %(probe)s::text::tsquery AND t.tier = 0
        LIMIT 300
    ) AS s
    WHERE ts_filter(s.words, '{a,b}') @@ %(words)s::text::tsquery
        AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
),

best AS (
    SELECT DISTINCT ON (f.title_key, f.artist_key)
        f.track_id, f.title_key, f.artist_key, f.popularity,
        name_relevance(f.title_key, %(key)s::text, f.popularity) AS relevance
    FROM found AS f
    ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
),

placed AS (
    SELECT b.track_id, b.title_key, b.popularity, b.relevance
    FROM best AS b
    ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
    LIMIT %(limit)s::integer
)

SELECT
    'TRACK' AS kind, p.track_id AS id, p.title_key AS key, p.popularity, p.relevance,
    t.title AS text, coalesce(c.display, '') AS artists, '' AS alias
FROM placed AS p
JOIN track AS t ON t.id = p.track_id
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
ORDER BY p.relevance DESC, char_length(p.title_key), p.track_id;

-- name: other_titles
-- The same of tracks however popular: of those that begin with what was typed it looks at the first 300.
-- track_search_title_idx, track_search_words_idx.
WITH found AS (
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM (
        SELECT t.track_id, t.popularity, t.title_key, t.artist_key, t.library_id
        FROM track_search AS t
        WHERE t.title_key >= %(key)s::text AND t.title_key < %(key)s::text || chr(1114111)
        ORDER BY t.title_key, t.popularity DESC, t.track_id DESC
        LIMIT 100
    ) AS s
    WHERE %(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid
    UNION ALL
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM (
        SELECT t.track_id, t.popularity, t.title_key, t.artist_key, t.library_id, t.words
        FROM track_search AS t
        WHERE t.words @@ %(probe)s::text::tsquery
        LIMIT 300
    ) AS s
    WHERE ts_filter(s.words, '{a,b}') @@ %(words)s::text::tsquery
        AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
),

best AS (
    SELECT DISTINCT ON (f.title_key, f.artist_key)
        f.track_id, f.title_key, f.artist_key, f.popularity,
        name_relevance(f.title_key, %(key)s::text, f.popularity) AS relevance
    FROM found AS f
    ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
),

placed AS (
    SELECT b.track_id, b.title_key, b.popularity, b.relevance
    FROM best AS b
    ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
    LIMIT %(limit)s::integer
)

SELECT
    'TRACK' AS kind, p.track_id AS id, p.title_key AS key, p.popularity, p.relevance,
    t.title AS text, coalesce(c.display, '') AS artists, '' AS alias
FROM placed AS p
JOIN track AS t ON t.id = p.track_id
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
ORDER BY p.relevance DESC, char_length(p.title_key), p.track_id;

-- name: titles_with_words
-- The best tracks in which words occur in title and artists: of 300 popular ones, and of 300 others where
-- these are not enough. track_search_words_tier_0_idx, track_search_words_idx.
WITH found AS (
    SELECT s.track_id, s.popularity, s.title_key, s.artist_key
    FROM (
        (
            SELECT t.track_id, t.popularity, t.title_key, t.artist_key, t.library_id, t.words
            FROM track_search AS t
            WHERE t.words @@ %(probe)s::text::tsquery AND t.tier = 0
            LIMIT 300
        )
        UNION ALL
        (
            SELECT t.track_id, t.popularity, t.title_key, t.artist_key, t.library_id, t.words
            FROM track_search AS t
            WHERE t.words @@ %(probe)s::text::tsquery AND t.tier > 0
            LIMIT 300
        )
        LIMIT 300
    ) AS s
    WHERE ts_filter(s.words, '{a,b}') @@ %(words)s::text::tsquery
        AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
),

best AS (
    SELECT DISTINCT ON (f.title_key, f.artist_key)
        f.track_id, f.title_key, f.artist_key, f.popularity,
        name_relevance(f.title_key, %(key)s::text, f.popularity) AS relevance
    FROM found AS f
    ORDER BY f.title_key, f.artist_key, f.popularity DESC, f.track_id DESC
),

placed AS (
    SELECT b.track_id, b.title_key, b.popularity, b.relevance
    FROM best AS b
    ORDER BY b.relevance DESC, char_length(b.title_key), b.track_id
    LIMIT %(limit)s::integer
)

SELECT
    'TRACK' AS kind, p.track_id AS id, p.title_key AS key, p.popularity, p.relevance,
    t.title AS text, coalesce(c.display, '') AS artists, '' AS alias
FROM placed AS p
JOIN track AS t ON t.id = p.track_id
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
ORDER BY p.relevance DESC, char_length(p.title_key), p.track_id;

-- name: settle_popularity
-- Makes artists and albums as popular as their most popular track is now; rows that others hold are left
-- for the next time. Primary key of name_search, artist_credit_name_artist_idx, track_credit_idx,
-- track_album_idx, primary key of track_search.
WITH best AS MATERIALIZED (
    SELECT
        g.subject,
        coalesce(
            greatest(
                (
                    SELECT max(s.popularity)
                    FROM artist_credit_name AS c
                    JOIN track AS t ON t.credit_id = c.credit_id
                    JOIN track_search AS s ON s.track_id = t.id
                    WHERE c.artist_id = g.subject AND s.popularity >= 1
                ),
                (
                    SELECT max(s.popularity)
                    FROM track AS t
                    JOIN track_search AS s ON s.track_id = t.id
                    WHERE t.album_id = g.subject AND s.popularity >= 1
                )
            ),
            0
        ) AS popularity
    FROM unnest(%(subjects)s::uuid[]) AS g (subject)
),

moved AS MATERIALIZED (
    SELECT n.subject, n.position, b.popularity
    FROM best AS b
    JOIN name_search AS n ON n.subject = b.subject AND n.popularity <> b.popularity
    FOR NO KEY UPDATE OF n SKIP LOCKED
)

UPDATE name_search AS n
SET popularity = m.popularity
FROM moved AS m
WHERE n.subject = m.subject AND n.position = m.position;

-- name: known_beginnings
-- With which of these letters a word of the catalogue begins. Primary key of search_word.
SELECT g.beginning
FROM unnest(%(beginnings)s::text[]) AS g (beginning)
CROSS JOIN LATERAL (
    SELECT w.word
    FROM search_word AS w
    WHERE w.word >= g.beginning AND w.word < g.beginning || chr(1114111)
    ORDER BY w.word
    LIMIT 1
) AS first
