-- name: settle_popularity
-- Makes artists and albums as popular as their most popular track is now; rows that others hold are left
-- for the next time. Returns whose popularity that changes. Primary key of name_search, artist_credit_name_artist_idx, track_credit_idx,
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
WHERE n.subject = m.subject AND n.position = m.position
RETURNING n.subject;

-- name: known_beginnings
-- With which of these letters a word of the catalogue begins. Primary key of search_word.
SELECT g.beginning
FROM unnest((SELECT %(beginnings)s::text[])) AS g (beginning)
CROSS JOIN LATERAL (
    SELECT w.word
    FROM search_word AS w
    WHERE w.word >= g.beginning AND w.word < g.beginning || chr(1114111)
    ORDER BY w.word
    LIMIT 1
) AS first
