-- name: index_tracks
-- Brings the search rows of tracks up to date: live, completed tracks get a row. Returns the words that are
-- new in the catalogue or in a better tier. Primary keys of track, artist_credit, album, genre,
-- track_search and search_word.
WITH indexed AS (
    INSERT INTO track_search AS s (
        track_id, library_id, tier, popularity, title_key, artist_key, words,
        title_size, artist_size, album_size, title_typed, artist_typed, album_named
    )
    SELECT
        t.id,
        t.library_id,
        search_tier(t.popularity, t.id),
        greatest(t.popularity, 1e-30)::real, -- NULL is the least; a number too small for real is an error
        t.title_key,
        coalesce(c.names_key, ''),
        w.title
        || coalesce(c.words, ''::tsvector)
        -- A word twice in a field would be counted twice.
        || ts_delete(weighted_words(j.artist, 'B'), tsvector_to_array(coalesce(c.words, ''::tsvector)))
        || coalesce(a.words, ''::tsvector)
        || ts_delete(weighted_words(j.album, 'C'), tsvector_to_array(coalesce(a.words, ''::tsvector)))
        || coalesce(
            (
                SELECT weighted_words(string_agg(genre.name_key, ' '), 'D')
                FROM track_genre AS tg
                CROSS JOIN LATERAL (
                    SELECT g.name_key FROM genre AS g WHERE g.id = tg.genre_id
                    OFFSET 0 -- looked up one by one: a join would read all genres for each track
                ) AS genre
                WHERE tg.track_id = t.id
            ),
            ''::tsvector
        ),
        w.title_size,
        coalesce(length(weighted_words(c.names_key, 'B')), 0),
        coalesce(length(a.words), 0),
        typed_hash(t.title),
        typed_hash(coalesce(c.display, '')),
        hashtext(concat_ws(' ', c.names_key, a.title_key))
    FROM track AS t
    LEFT JOIN artist_credit AS c ON c.id = t.credit_id
    LEFT JOIN album AS a ON a.id = t.album_id
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN char_length(t.title_key) < 300 THEN t.title_key ELSE fold(t.title) END AS key,
            run_together(t.title) AS title,
            run_together(c.display) AS artist,
            run_together(a.title) AS album
        OFFSET 0 -- made once for each track, not once for each use
    ) AS j
    CROSS JOIN LATERAL (
        SELECT
            weighted_words(concat_ws(' ', j.key, j.title), 'A') AS title,
            length(weighted_words(j.key, 'A')) AS title_size
        OFFSET 0
    ) AS w
    WHERE t.id = ANY(%(ids)s::uuid[]) AND t.status = 'COMPLETED' AND t.deleted_at IS NULL
    ON CONFLICT (track_id) DO UPDATE
    SET
        library_id = excluded.library_id,
        tier = excluded.tier,
        popularity = excluded.popularity,
        title_key = excluded.title_key,
        artist_key = excluded.artist_key,
        words = excluded.words,
        title_size = excluded.title_size,
        artist_size = excluded.artist_size,
        album_size = excluded.album_size,
        title_typed = excluded.title_typed,
        artist_typed = excluded.artist_typed,
        album_named = excluded.album_named
    WHERE s IS DISTINCT FROM excluded
    RETURNING s.words, s.tier
)

SELECT w.word, w.tier
FROM (
    SELECT g.word COLLATE "C" AS word, min(indexed.tier) AS tier
    FROM indexed
    CROSS JOIN unnest(tsvector_to_array(indexed.words)) AS g (word)
    GROUP BY g.word COLLATE "C"
) AS w
WHERE NOT EXISTS (SELECT FROM search_word AS known WHERE known.word = w.word AND known.tier <= w.tier)
ORDER BY w.word;

-- name: add_words
-- Words that are new in the catalogue or in a better tier. In order, so that two transactions that add the
-- same ones do not wait for each other crosswise; a common word is soon in the best tier, and then no
-- write touches its row. Primary key of search_word.
INSERT INTO search_word AS w (word, tier, deletions)
SELECT g.word, g.tier, g.deletions::integer[]
FROM unnest(
    %(words)s::text[], %(tiers)s::integer[], %(deletions)s::text[]
) WITH ORDINALITY AS g (word, tier, deletions, ordinal)
ORDER BY g.ordinal
ON CONFLICT (word) DO UPDATE SET tier = excluded.tier, deletions = excluded.deletions
WHERE w.tier > excluded.tier;

-- name: index_lyrics
-- Brings the words of the lyrics of tracks up to date, and what these have of the entries of the tracks. With
-- `same_lyrics` only the entries have changed: to fold a song costs more than all its names. No row is
-- touched of tracks that have no lyrics, and had none. Primary keys of track, track_search and track_lyrics.
WITH gone AS (
    DELETE FROM track_lyrics AS l
    WHERE l.track_id = ANY(%(ids)s::uuid[])
        AND NOT EXISTS (
            SELECT FROM track AS t
            WHERE t.id = l.track_id
                AND t.lyrics IS NOT NULL
                AND t.status = 'COMPLETED'
                AND t.deleted_at IS NULL
        )
)

INSERT INTO track_lyrics AS l (track_id, library_id, tier, lyrics, words)
SELECT s.track_id, s.library_id, s.tier, w.lyrics, w.lyrics || strip(s.words)
FROM track AS t
JOIN track_search AS s ON s.track_id = t.id
CROSS JOIN LATERAL (
    SELECT coalesce(
        (SELECT k.lyrics FROM track_lyrics AS k WHERE k.track_id = t.id AND %(same_lyrics)s::boolean),
        strip(weighted_words(left(fold(t.lyrics), 100000), 'D')) -- below the limit of tsvector
    ) AS lyrics
    OFFSET 0 -- made once for each track, not once for each use
) AS w
WHERE t.id = ANY(%(ids)s::uuid[])
    AND t.lyrics IS NOT NULL
    AND t.status = 'COMPLETED'
    AND t.deleted_at IS NULL
ON CONFLICT (track_id) DO UPDATE
SET
    library_id = excluded.library_id,
    tier = excluded.tier,
    lyrics = excluded.lyrics,
    words = excluded.words
WHERE l IS DISTINCT FROM excluded;

-- name: unindex_tracks
-- Takes tracks out of search. Primary keys of track_search and track_lyrics.
WITH sung AS (DELETE FROM track_lyrics WHERE track_id = ANY(%(ids)s::uuid[]))
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
-- Texts as they are compared.
SELECT fold(g.text) FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS g (text, ordinal) ORDER BY g.ordinal;

-- name: read_queries
-- What people typed, as it is compared, with and without brackets, and a hash of how they typed it; what the
-- catalogue knows of its words, of each two neighbours and of all run together, see look_up_words; whether a
-- longer word begins with the last one; and whether any track has lyrics. Primary keys of search_word and
-- common_word.
SELECT
    q.text,
    q.core,
    q.typed,
    w.words,
    w.tiers,
    w.shares,
    EXISTS (
        SELECT FROM search_word AS k
        WHERE k.word > q.last_word AND k.word < q.last_word || chr(1114111)
    ) AS is_begun,
    EXISTS (SELECT FROM track_lyrics) AS has_lyrics
FROM (
    SELECT
        f.ordinal,
        f.text,
        fold(f.core) AS core,
        f.typed,
        string_to_array(f.text, ' ') AS words,
        split_part(f.text, ' ', -1) COLLATE "C" AS last_word
    FROM (
        SELECT g.ordinal, fold(g.text) AS text, g.core, typed_hash(g.text) AS typed
        -- Read behind SELECT, the arrays have no length that a plan would be made for, each time anew.
        FROM unnest(
            (SELECT %(texts)s::text[]), (SELECT %(cores)s::text[])
        ) WITH ORDINALITY AS g (text, core, ordinal)
        OFFSET 0 -- folded once for each query, not once for each use
    ) AS f
    OFFSET 0
) AS q
CROSS JOIN LATERAL (
    SELECT
        array_agg(k.word) AS words,
        array_agg(k.tier) AS tiers,
        array_agg(coalesce(common.share, 0)) AS shares
    FROM search_word AS k
    LEFT JOIN common_word AS common ON common.word = k.word
    WHERE
        k.word = ANY(
            q.words || ARRAY(
                SELECT q.words[n] || q.words[n + 1] FROM generate_series(1, cardinality(q.words) - 1) AS n
            ) || replace(q.text, ' ', '')
        )
) AS w
ORDER BY q.ordinal;

-- name: look_up_words
-- Which words occur in the catalogue at all: the best tier of each, and its share of all tracks if it is
-- common. And of misspelt ones those that may be within the allowed typos (one, or as many as asked for if the
-- longer word has eight letters), which have a deletion in common. A transposition is two edits to levenshtein,
-- hence twice as many.
-- Primary keys of search_word and common_word, search_word_deletions_idx.
SELECT NULL AS misspelt, w.word, w.tier, coalesce(common.share, 0) AS share
FROM search_word AS w
LEFT JOIN common_word AS common ON common.word = w.word
WHERE w.word = ANY((SELECT %(words)s::text[])::text[])
UNION ALL
SELECT g.word AS misspelt, near.word, near.tier, coalesce(common.share, 0) AS share
FROM unnest((SELECT %(misspelt)s::text[]), (SELECT %(deletions)s::text[])) AS g (word, deletions)
CROSS JOIN LATERAL (
    SELECT w.word, w.tier
    FROM search_word AS w
    WHERE
        w.deletions && g.deletions::integer[]
        AND char_length(w.word) BETWEEN char_length(g.word) - 2 AND char_length(g.word) + 2
        AND levenshtein_less_equal(w.word, g.word, 4)
        <= CASE
            WHEN greatest(char_length(w.word), char_length(g.word)) >= 8 THEN 2 * (SELECT %(edits)s::integer)
            ELSE 2
        END
    ORDER BY w.word
) AS near
LEFT JOIN common_word AS common ON common.word = near.word;

-- name: lookalike_words
-- Words of the catalogue that look like words with more typos than that: the most similar ten by their
-- trigrams. search_word_trigram_idx.
SELECT g.word, near.word AS candidate
FROM unnest(%(words)s::text[]) AS g (word)
CROSS JOIN LATERAL (
    SELECT w.word
    FROM search_word AS w
    WHERE w.word %% g.word AND char_length(w.word) <= 250
    ORDER BY similarity(w.word, g.word) DESC, w.word
    LIMIT 10
) AS near;

-- name: entries_of_tracks
-- What search has of tracks, and whether they can be found: each word with the weights of the fields it
-- stands in, of which E is that of the lyrics. Primary keys of track, track_search and track_lyrics.
SELECT
    t.id AS track_id,
    t.library_id,
    t.status,
    t.deleted_at IS NOT NULL AS is_deleted,
    coalesce(s.tier, search_tier(t.popularity, t.id)) AS tier,
    coalesce(s.title_size, 0) AS title_size,
    coalesce(s.artist_size, 0) AS artist_size,
    coalesce(s.album_size, 0) AS album_size,
    coalesce(
        (
            SELECT jsonb_object_agg(f.word, f.weights)
            FROM (
                SELECT w.word, string_agg(w.weights, '' ORDER BY w.weights) AS weights
                FROM (
                    SELECT g.lexeme AS word, array_to_string(g.weights, '') AS weights
                    FROM unnest(s.words) AS g (lexeme, positions, weights)
                    UNION ALL
                    SELECT g.lexeme, 'E'
                    FROM track_lyrics AS l
                    CROSS JOIN LATERAL unnest(l.lyrics) AS g (lexeme, positions, weights)
                    WHERE l.track_id = t.id
                ) AS w
                GROUP BY w.word
            ) AS f
        ),
        '{}'
    ) AS words
FROM track AS t
LEFT JOIN track_search AS s ON s.track_id = t.id
WHERE t.id = ANY(%(ids)s::uuid[]);
