-- name: identified_tracks
-- Tracks with one of these identifiers, and which one it is: 1 source, 2 MBID, 3 ISRC.
-- track_source_external_key, track_mbid_idx, track_isrc_idx, primary key of track_search.
SELECT g.ordinal, f.kind, f.track_id
FROM unnest(
    %(ordinal)s::integer[], %(type)s::text[], %(id)s::text[], %(mbid)s::uuid[], %(isrc)s::text[]
) AS g (ordinal, type, id, mbid, isrc)
CROSS JOIN LATERAL (
    (
        SELECT 1 AS kind, s.track_id
        FROM track_source AS s
        WHERE s.external_id = g.id AND s.type = g.type AND s.is_live
        ORDER BY s.track_id
        LIMIT 20
    )
    UNION ALL
    (SELECT 2, t.id FROM track AS t WHERE t.mbid = g.mbid ORDER BY t.id LIMIT 20)
    UNION ALL
    (SELECT 3, t.id FROM track AS t WHERE t.isrc = g.isrc ORDER BY t.id LIMIT 20)
) AS f
JOIN track_search AS x ON x.track_id = f.track_id
WHERE %(library_id)s::uuid IS NULL OR x.library_id = %(library_id)s::uuid
ORDER BY g.ordinal, f.kind, f.track_id;

-- name: tracks_by_names
-- Tracks of exactly these titles and artists. track_search_title_idx: few tracks share a title.
SELECT g.ordinal, f.track_id
FROM unnest(%(ordinal)s::integer[], %(title)s::text[], %(artist)s::text[])
    AS g (ordinal, title, artist)
CROSS JOIN LATERAL (
    SELECT c.track_id
    FROM (
        SELECT s.track_id, s.artist_key, s.popularity
        FROM track_search AS s
        WHERE s.title_key = left(g.title, 300)
            AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
        ORDER BY s.popularity DESC, s.track_id DESC
        LIMIT 500
    ) AS c
    WHERE c.artist_key = g.artist
    ORDER BY c.popularity DESC, c.track_id DESC
    LIMIT 20
) AS f;

-- name: tracks_by_title
-- Tracks of these titles and of artists that are anything like these, the most similar ones first, then
-- those of the nearest length. track_search_title_idx, primary key of track.
SELECT g.ordinal, f.track_id
FROM unnest(
    %(ordinal)s::integer[], %(title)s::text[], %(artist)s::text[], %(duration_ms)s::integer[]
) AS g (ordinal, title, artist, duration_ms)
CROSS JOIN LATERAL (
    SELECT c.track_id
    FROM (
        SELECT s.track_id, s.artist_key, s.popularity
        FROM track_search AS s
        WHERE s.title_key = left(g.title, 300)
            AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
        ORDER BY s.popularity DESC, s.track_id DESC
        LIMIT 500
    ) AS c
    WHERE g.artist = ''
        OR c.artist_key = ''
        OR word_similarity(g.artist, c.artist_key) > 0.3
        OR word_similarity(c.artist_key, g.artist) > 0.3
    ORDER BY
        c.artist_key = g.artist DESC,
        similarity(c.artist_key, g.artist) DESC,
        CASE
            WHEN g.duration_ms IS NOT NULL THEN
                (SELECT abs(t.duration_ms - g.duration_ms) FROM track AS t WHERE t.id = c.track_id)
        END,
        c.popularity DESC,
        c.track_id DESC
    LIMIT 20
) AS f;

-- name: tracks_by_artist
-- Tracks of these artists whose titles look like these. track_search_artist_idx.
SELECT g.ordinal, f.track_id
FROM unnest(%(ordinal)s::integer[], %(title)s::text[], %(artist)s::text[])
    AS g (ordinal, title, artist)
CROSS JOIN LATERAL (
    SELECT c.track_id
    FROM (
        SELECT s.track_id, s.popularity, similarity(s.title_key, g.title) AS likeness
        FROM track_search AS s
        WHERE s.artist_key = g.artist
            AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
        ORDER BY s.popularity DESC, s.track_id DESC
        LIMIT 1000
    ) AS c
    WHERE c.likeness > 0.25
    ORDER BY c.likeness DESC, c.popularity DESC, c.track_id DESC
    LIMIT 5
) AS f;

-- name: tracks_by_words
-- Tracks with these words, those whose names are most like the text first. track_search_words_idx.
SELECT g.ordinal, f.track_id
FROM unnest(%(ordinal)s::integer[], %(text)s::text[], %(words)s::text[]::tsquery[])
    AS g (ordinal, text, words)
CROSS JOIN LATERAL (
    SELECT c.track_id
    FROM (
        SELECT s.track_id, s.title_key, s.artist_key, s.popularity
        FROM track_search AS s
        WHERE s.words @@ g.words
            AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
        LIMIT 300
    ) AS c
    ORDER BY similarity(c.title_key || ' ' || c.artist_key, g.text) DESC, c.popularity DESC, c.track_id DESC
    LIMIT 12
) AS f;

-- name: describe_candidates
-- What candidates are compared by. Primary keys of track_search, track, artist_credit_name, artist,
-- artist_alias and album.
SELECT
    s.track_id,
    t.title,
    s.title_key,
    s.artist_key,
    ARRAY(
        SELECT p.name_key
        FROM artist_credit_name AS n
        JOIN artist AS p ON p.id = n.artist_id
        WHERE n.credit_id = t.credit_id
        ORDER BY n.position
    )
    || ARRAY(
        SELECT p.name_key
        FROM artist_credit_name AS n
        JOIN artist_alias AS p ON p.artist_id = n.artist_id
        WHERE n.credit_id = t.credit_id
        ORDER BY n.position, p.position
    ) AS names,
    coalesce(a.title_key, '') AS album_key,
    t.duration_ms,
    s.popularity
FROM track_search AS s
JOIN track AS t ON t.id = s.track_id
LEFT JOIN album AS a ON a.id = t.album_id
WHERE s.track_id = ANY(%(ids)s::uuid[]);
