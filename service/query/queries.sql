-- name: tracks_by_title_words
-- Tracks with these words in their titles. Live, completed ones by track_search_words_idx, all others by
-- track_unsearched_idx. A key of 300 characters may be cut, so then the title itself is asked. The index
-- has words that are run together, too, so the title is asked in any case.
SELECT s.track_id
FROM track_search AS s
WHERE s.words @@ filter_query(%(text)s::text[], %(is_prefix)s::boolean[], 'A')
    AND ' ' || CASE
        WHEN char_length(s.title_key) < 300 THEN s.title_key
        ELSE (SELECT fold(l.title) FROM track AS l WHERE l.id = s.track_id)
    END || ' '
    LIKE ANY ((SELECT filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))::text[])
UNION ALL
SELECT u.id
FROM track AS u
WHERE (u.status <> 'COMPLETED' OR u.deleted_at IS NOT NULL)
    AND ' ' || CASE
        WHEN char_length(u.title_key) < 300 THEN u.title_key
        ELSE fold(u.title)
    END || ' ' LIKE ANY ((SELECT filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))::text[]);

-- name: credits_by_words
-- Credits that have these words in one name: as credited, the artist's own, or an alias of the artist.
-- artist_credit_words_idx; primary keys of artist_credit_name, artist and artist_alias.
SELECT c.id
FROM artist_credit AS c
WHERE c.words @@ filter_query(%(text)s::text[], %(is_prefix)s::boolean[], '')
    AND (
        filter_is_exact(%(text)s::text[])
        OR EXISTS (
            SELECT FROM artist_credit_name AS n
            JOIN artist AS a ON a.id = n.artist_id
            CROSS JOIN LATERAL (
                SELECT a.name_key AS name
                UNION ALL
                SELECT fold(n.name)
                UNION ALL
                SELECT s.name_key FROM artist_alias AS s WHERE s.artist_id = a.id
            ) AS k
            WHERE n.credit_id = c.id
                AND ' ' || k.name || ' '
                LIKE ANY ((SELECT filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))::text[])
        )
    );

-- name: credits_by_name
-- Credits of the artists that have this name or alias. artist_name_key, artist_alias_name_key_idx,
-- artist_credit_name_artist_idx.
SELECT n.credit_id
FROM artist_credit_name AS n
WHERE n.artist_id IN (
    SELECT a.id FROM artist AS a WHERE a.name_key = ANY(filter_keys(%(text)s::text[]))
    UNION ALL
    SELECT s.artist_id FROM artist_alias AS s WHERE s.name_key = ANY(filter_keys(%(text)s::text[]))
);

-- name: credits_by_artist
-- Credits of the artists that these ids lead to. artist_credit_name_artist_idx, primary key of
-- artist_merge.
SELECT n.credit_id
FROM artist_credit_name AS n
WHERE n.artist_id = ANY(
    ARRAY(SELECT leading_artist(g.id) FROM unnest(%(value)s::uuid[]) AS g (id))
);

-- name: albums_by_id
-- The albums that these ids lead to. Primary key of album_merge.
SELECT leading_album(g.id) AS id FROM unnest(%(value)s::uuid[]) AS g (id);

-- name: albums_by_words
-- Albums with these words in their titles. album_words_idx.
SELECT a.id
FROM album AS a
WHERE a.words @@ filter_query(%(text)s::text[], %(is_prefix)s::boolean[], '')
    AND (
        filter_is_exact(%(text)s::text[])
        OR ' ' || fold(a.title) || ' '
        LIKE ANY ((SELECT filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))::text[])
    );

-- name: albums_by_name
-- Albums of this title. album_title_key_idx.
SELECT a.id FROM album AS a WHERE a.title_key = ANY(filter_keys(%(text)s::text[]));

-- name: tracks_by_genre_words
-- Tracks that have a genre with these words in its name. track_genre_key; there are few genres.
SELECT tg.track_id
FROM track_genre AS tg
WHERE tg.genre_id IN (
    SELECT g.id
    FROM genre AS g
    WHERE ' ' || g.name_key || ' '
        LIKE ANY (filter_phrases(%(text)s::text[], %(is_prefix)s::boolean[]))
);

-- name: tracks_by_genre_name
-- Tracks that have a genre of this name. track_genre_key; there are few genres.
SELECT tg.track_id
FROM track_genre AS tg
WHERE tg.genre_id IN (
    SELECT g.id
    FROM genre AS g
    WHERE g.name_key LIKE ANY (filter_names(%(text)s::text[], %(is_prefix)s::boolean[]))
);

-- name: libraries_by_name
-- Libraries of this name. There are few.
SELECT l.id
FROM library AS l
WHERE left(fold(l.name), 300)
    LIKE ANY (filter_names(%(text)s::text[], %(is_prefix)s::boolean[]));

-- name: tracks_by_source_type
-- Tracks with a place in these external systems. Reads all of track_source.
SELECT s.track_id FROM track_source AS s WHERE s.type = ANY(%(value)s::text[]);

-- name: tracks_by_external_id
-- Tracks with these places in external systems: live ones by track_source_external_key, deleted ones by
-- track_unsearched_idx and the primary key.
SELECT s.track_id
FROM unnest(%(type)s::text[], %(external_id)s::text[]) AS w (type, external_id)
JOIN track_source AS s ON s.external_id = w.external_id AND s.type = w.type AND s.is_live
UNION ALL
SELECT s.track_id
FROM unnest(%(type)s::text[], %(external_id)s::text[]) AS w (type, external_id)
JOIN track_source AS s ON s.external_id = w.external_id AND s.type = w.type AND NOT s.is_live
JOIN track AS u ON u.id = s.track_id
WHERE u.deleted_at IS NOT NULL;

-- name: tracks_by_format
-- Tracks with a file in this format. Reads all of audio_file.
SELECT f.track_id
FROM audio_file AS f
WHERE left(fold(f.format), 300)
    LIKE ANY (filter_names(%(text)s::text[], %(is_prefix)s::boolean[]));

-- name: tracks_by_bitrate
-- Tracks with a file of this bit rate. Reads all of audio_file.
SELECT f.track_id
FROM audio_file AS f
WHERE f.bitrate_bps >= %(low)s::double precision AND f.bitrate_bps < %(high)s::double precision;

-- name: tracks_by_sample_rate
-- Tracks with a file of this sample rate. Reads all of audio_file.
SELECT f.track_id
FROM audio_file AS f
WHERE f.sample_rate_hz >= %(low)s::double precision
    AND f.sample_rate_hz < %(high)s::double precision;

-- name: tracks_by_tag_key
-- Tracks with tags of these keys. track_attribute_key_idx.
SELECT a.track_id FROM track_attribute AS a WHERE a.key = ANY(%(key)s::text[]);

-- name: tracks_by_tag_value
-- Tracks with a tag of this key and value: text, a number or a flag. track_attribute_key_idx.
SELECT a.track_id
FROM unnest(
    %(key)s::text[],
    %(text)s::text[],
    %(is_prefix)s::boolean[],
    %(number)s::double precision[],
    %(flag)s::boolean[]
) AS w (key, text, is_prefix, number, flag)
CROSS JOIN LATERAL (
    SELECT filter_names(ARRAY[w.text], ARRAY[w.is_prefix]) AS names OFFSET 0
) AS n
JOIN track_attribute AS a
    ON a.key = w.key
    AND (
        left(fold(a.text_value), 300) LIKE ANY (n.names)
        OR coalesce(a.number_value, a.integer_value::double precision) = w.number
        OR a.flag_value = w.flag
    );

-- name: tracks_by_tag_interval
-- Tracks with a tag of this key that is a number in this interval. track_attribute_key_idx.
SELECT a.track_id
FROM unnest(%(key)s::text[], %(low)s::double precision[], %(high)s::double precision[])
    AS w (key, low, high)
JOIN track_attribute AS a
    ON a.key = w.key
    AND coalesce(a.number_value, a.integer_value::double precision) >= w.low
    AND coalesce(a.number_value, a.integer_value::double precision) < w.high
