-- name: index_tracks
-- Brings the search rows of tracks up to date, and the vocabulary with them: live, completed tracks get
-- a row. Primary keys of track, artist_credit, album, genre, track_search and search_word.
WITH indexed AS (
    INSERT INTO track_search AS s (
        track_id, library_id, tier, popularity, title_key, artist_key, words
    )
    SELECT
        t.id,
        t.library_id,
        CASE WHEN t.popularity >= 60 THEN 0 WHEN t.popularity >= 30 THEN 1 ELSE 2 END,
        greatest(t.popularity, 1e-30)::real, -- NULL is the least; a number too small for real is an error
        t.title_key,
        coalesce(c.names_key, ''),
        weighted_words(
            CASE WHEN char_length(t.title_key) < 300 THEN t.title_key ELSE fold(t.title) END, 'A'
        )
        || coalesce(c.words, ''::tsvector)
        || coalesce(a.words, ''::tsvector)
        || coalesce(
            (
                SELECT weighted_words(string_agg(genre.name_key, ' '), 'D')
                FROM track_genre AS tg
                JOIN genre ON genre.id = tg.genre_id
                WHERE tg.track_id = t.id
            ),
            ''::tsvector
        )
    FROM track AS t
    LEFT JOIN artist_credit AS c ON c.id = t.credit_id
    LEFT JOIN album AS a ON a.id = t.album_id
    WHERE t.id = ANY(%(ids)s::uuid[]) AND t.status = 'COMPLETED' AND t.deleted_at IS NULL
    ON CONFLICT (track_id) DO UPDATE
    SET
        library_id = excluded.library_id,
        tier = excluded.tier,
        popularity = excluded.popularity,
        title_key = excluded.title_key,
        artist_key = excluded.artist_key,
        words = excluded.words
    WHERE (s.library_id, s.tier, s.popularity, s.title_key, s.artist_key, s.words)
        IS DISTINCT FROM (
            excluded.library_id, excluded.tier, excluded.popularity, excluded.title_key,
            excluded.artist_key, excluded.words
        )
    RETURNING s.words
)

INSERT INTO search_word (word)
SELECT w.word
FROM (
    SELECT DISTINCT unnest(tsvector_to_array(indexed.words)) COLLATE "C" AS word FROM indexed
) AS w
WHERE NOT EXISTS (SELECT FROM search_word AS known WHERE known.word = w.word)
ORDER BY w.word
ON CONFLICT (word) DO NOTHING;

-- name: unindex_tracks
-- Takes tracks out of search. Primary key of track_search.
DELETE FROM track_search WHERE track_id = ANY(%(ids)s::uuid[]);

-- name: hold_entries
-- Keeps the entries of tracks from being written by others until the transaction ends; waits for those who
-- are writing them, so that the tracks are then read as they were left. Primary key of track_search.
SELECT track_id FROM track_search WHERE track_id = ANY(%(ids)s::uuid[]) ORDER BY track_id FOR UPDATE;

-- name: hold_names
-- Keeps the artists and albums of tracks from being renamed until the transaction ends; a rename that is
-- under way is waited for. Primary keys of track, artist_credit_name, artist and album.
WITH held_artist AS MATERIALIZED (
    SELECT a.id
    FROM artist AS a
    WHERE a.id IN (
        SELECT n.artist_id
        FROM track AS t
        JOIN artist_credit_name AS n ON n.credit_id = t.credit_id
        WHERE t.id = ANY(%(ids)s::uuid[])
    )
    ORDER BY a.id
    FOR KEY SHARE
),

held_album AS MATERIALIZED (
    SELECT a.id
    FROM album AS a
    WHERE a.id IN (SELECT t.album_id FROM track AS t WHERE t.id = ANY(%(ids)s::uuid[]))
    ORDER BY a.id
    FOR KEY SHARE
)

SELECT id FROM held_artist
UNION ALL
SELECT id FROM held_album;

-- name: refresh_credits
-- The words of all credits of an artist, after its name or aliases changed. artist_credit_name_artist_idx,
-- primary keys of artist_credit, artist_credit_name, artist and artist_alias.
UPDATE artist_credit AS c
SET words = credit_words(c.id)
WHERE c.id IN (SELECT credit_id FROM artist_credit_name WHERE artist_id = %(artist_id)s::uuid)
RETURNING c.id;

-- name: tracks_of_credits
-- The tracks to index again after their credits changed. track_credit_idx.
SELECT id FROM track WHERE credit_id = ANY(%(credit_ids)s::uuid[]);

-- name: tracks_of_album
-- The tracks to index again after their album changed. track_album_idx.
SELECT id FROM track WHERE album_id = %(album_id)s::uuid
;

-- name: fold_texts
-- What people typed, as it is compared.
SELECT fold(text) FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS g (text, ordinal) ORDER BY ordinal;

-- name: known_words
-- Which words occur in the catalogue at all. Primary key of search_word.
SELECT word FROM search_word WHERE word = ANY(%(words)s::text[]);

-- name: similar_words
-- Words of the catalogue that look like misspelt ones: the most similar thirty within two edits.
-- search_word_trigram_idx.
SELECT g.word, near.word AS candidate
FROM unnest(%(words)s::text[]) AS g (word)
CROSS JOIN LATERAL (
    SELECT w.word
    FROM search_word AS w
    WHERE
        w.word %% g.word
        AND char_length(w.word) BETWEEN char_length(g.word) - 2 AND char_length(g.word) + 2
        AND levenshtein_less_equal(w.word, g.word, 2) <= 2
    ORDER BY similarity(w.word, g.word) DESC, w.word
    LIMIT 30
) AS near;

-- name: words_of_tracks
-- The words under which tracks are found. Primary key of track_search.
SELECT s.track_id, tsvector_to_array(s.words) AS words
FROM track_search AS s
WHERE s.track_id = ANY(%(ids)s::uuid[]);
