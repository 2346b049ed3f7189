-- name: state
-- How far upkeep has come, and the version of the fold that the database has. Primary key.
SELECT
    stage, position, is_rebuild, looked_at, mended, fold_version, round_fold_version,
    fold_version() AS wanted
FROM search_upkeep
WHERE is_only;

-- name: hold_state
-- The same, held until the transaction ends; no row while another server has it. Primary key.
SELECT
    stage, position, is_rebuild, looked_at, mended, fold_version, round_fold_version,
    fold_version() AS wanted
FROM search_upkeep
WHERE is_only
FOR UPDATE SKIP LOCKED;

-- name: wait_for_state
-- The same, after whoever has it. Primary key.
SELECT
    stage, position, is_rebuild, looked_at, mended, fold_version, round_fold_version,
    fold_version() AS wanted
FROM search_upkeep
WHERE is_only
FOR UPDATE;

-- name: save_state
-- How far upkeep has come now. Primary key.
UPDATE search_upkeep
SET
    stage = %(stage)s::text,
    position = %(position)s::text,
    is_rebuild = %(is_rebuild)s::boolean,
    looked_at = %(looked_at)s::bigint,
    mended = %(mended)s::bigint,
    fold_version = %(fold_version)s::integer,
    round_fold_version = %(round_fold_version)s::integer,
    round_ended_at = CASE WHEN %(has_ended)s::boolean THEN now() ELSE round_ended_at END
WHERE is_only;

-- name: census
-- What the index holds, beside what it is made from. Counts it all: seconds for a million tracks.
SELECT
    (SELECT count(*) FROM track WHERE status = 'COMPLETED' AND deleted_at IS NULL) AS findable,
    (SELECT count(*) FROM track_search) AS entries,
    (
        SELECT count(*)
        FROM track AS t
        WHERE t.status = 'COMPLETED'
            AND t.deleted_at IS NULL
            AND NOT EXISTS (SELECT FROM track_search AS s WHERE s.track_id = t.id)
    ) AS missing,
    (
        SELECT count(*)
        FROM track_search AS s
        WHERE NOT EXISTS (
            SELECT FROM track AS t
            WHERE t.id = s.track_id AND t.status = 'COMPLETED' AND t.deleted_at IS NULL
        )
    ) AS stray,
    (SELECT count(*) FROM search_word) AS words,
    (
        SELECT count(*)
        FROM search_word AS w
        WHERE NOT EXISTS (
            SELECT FROM (
                SELECT DISTINCT unnest(tsvector_to_array(s.words)) COLLATE "C" AS word
                FROM track_search AS s
            ) AS used
            WHERE used.word = w.word
        )
    ) AS unused_words,
    (
        SELECT array_agg(t.entries ORDER BY t.tier)
        FROM (SELECT tier, count(*) AS entries FROM track_search GROUP BY tier) AS t
    ) AS tiers;

-- name: count_rows
-- How many rows a round looks at. Counts them all: some tenths of a second for a million tracks.
SELECT
    (SELECT count(*) FROM genre)
    + (SELECT count(*) FROM artist)
    + (SELECT count(*) FROM artist_credit)
    + (SELECT count(*) FROM album)
    + (SELECT count(*) FROM track) * 2
    + (SELECT count(*) FROM name_search WHERE position = 0)
    + (SELECT count(*) FROM search_word);

-- name: last_round
-- When everything had last been looked at. Primary key.
SELECT round_ended_at FROM search_upkeep WHERE is_only;

-- name: prepare_upkeep
-- For the rest of the transaction: rows are only derived anew, so their times of change stay; and words
-- are looked up by index, though the planner takes each for a common one that a scan would meet soon.
SELECT set_config('fonoteca.upkeep', 'on', true), set_config('enable_seqscan', 'off', true);

-- name: genres
-- The next genres, and whether each is to be folded anew; and whether another one then has its name, of
-- which all but the oldest stay as they are. Primary key; genre_name_key.
SELECT
    g.id,
    g.name_key <> k.name_key AS is_stale,
    g.name_key <> k.name_key AND (
        EXISTS (SELECT FROM genre AS other WHERE other.name_key = k.name_key AND other.id <> g.id)
        OR row_number() OVER (PARTITION BY k.name_key ORDER BY g.id) > 1
    ) AS has_double
FROM (
    SELECT id, name, name_key
    FROM genre
    WHERE id > %(after)s::integer
    ORDER BY id
    LIMIT %(limit)s::integer
) AS g
CROSS JOIN LATERAL (SELECT left(fold(g.name), 300) COLLATE "C" AS name_key) AS k
ORDER BY g.id;

-- name: fold_genres
-- Folds genres anew: what is generated from a column is made again when the column is set. Primary key.
UPDATE genre SET name = name WHERE id = ANY(%(ids)s::integer[]);

-- name: artists
-- The next artists, and whether each, one of its aliases, or the name of one that was merged into it is to be
-- folded anew; and whether another artist then has its name, of which all but the oldest stay as they are.
-- Primary keys of artist and artist_alias; artist_merge_leads_to_idx; artist_name_key.
SELECT
    a.id,
    a.name_key <> k.name_key OR EXISTS (
        SELECT FROM artist_alias AS s
        WHERE s.artist_id = a.id AND s.name_key <> left(fold(s.name), 300)
    ) OR EXISTS (
        SELECT FROM artist_merge AS m
        WHERE m.leads_to = a.id AND m.name_key <> left(fold(m.name), 300)
    ) AS is_stale,
    a.name_key <> k.name_key AND (
        EXISTS (
            SELECT FROM artist AS other
            WHERE other.name_key = k.name_key
                AND other.disambiguation = a.disambiguation
                AND other.id <> a.id
        )
        OR row_number() OVER (PARTITION BY k.name_key, a.disambiguation ORDER BY a.id) > 1
    ) AS has_double
FROM (
    SELECT id, name, name_key, disambiguation
    FROM artist
    WHERE id > %(after)s::uuid
    ORDER BY id
    LIMIT %(limit)s::integer
) AS a
CROSS JOIN LATERAL (SELECT left(fold(a.name), 300) COLLATE "C" AS name_key) AS k
ORDER BY a.id;

-- name: fold_artists
-- Folds artists anew. Primary key.
UPDATE artist SET name = name WHERE id = ANY(%(ids)s::uuid[]);

-- name: fold_aliases
-- Folds the aliases of artists anew. Primary key.
UPDATE artist_alias SET name = name WHERE artist_id = ANY(%(ids)s::uuid[]);

-- name: fold_merged_artists
-- Folds the names of artists anew that were merged into others. artist_merge_leads_to_idx.
UPDATE artist_merge SET name = name WHERE leads_to = ANY(%(ids)s::uuid[]);

-- name: credits
-- The next credits, and whether what they are found by is to be made anew. Primary keys of artist_credit,
-- artist_credit_name, artist and artist_alias.
SELECT
    c.id,
    c.names_key <> left(fold(c.display), 300)
    OR c.words IS DISTINCT FROM credit_words(c.id) AS is_stale
FROM artist_credit AS c
WHERE c.id > %(after)s::uuid
ORDER BY c.id
LIMIT %(limit)s::integer;

-- name: hold_artists_of_credits
-- Keeps the artists of credits from being renamed until the transaction ends. Primary keys of
-- artist_credit_name and artist.
SELECT a.id
FROM artist AS a
WHERE a.id IN (
    SELECT n.artist_id FROM artist_credit_name AS n WHERE n.credit_id = ANY(%(ids)s::uuid[])
)
ORDER BY a.id
FOR KEY SHARE;

-- name: mend_credits
-- What credits are found by, made anew. Primary keys of artist_credit, artist_credit_name, artist and
-- artist_alias.
UPDATE artist_credit
SET names_key = left(fold(display), 300), words = credit_words(id)
WHERE id = ANY(%(ids)s::uuid[]);

-- name: albums
-- The next albums, and whether each is to be folded anew. Primary key.
SELECT
    a.id,
    a.title_key <> left(f.title, 300)
    OR a.words IS DISTINCT FROM weighted_words(f.title, 'C') AS is_stale
FROM (
    SELECT id, title, title_key, words
    FROM album
    WHERE id > %(after)s::uuid
    ORDER BY id
    LIMIT %(limit)s::integer
) AS a
CROSS JOIN LATERAL (SELECT fold(a.title) AS title) AS f
ORDER BY a.id;

-- name: fold_albums
-- Folds albums anew. Primary key.
UPDATE album SET title = title WHERE id = ANY(%(ids)s::uuid[]);

-- name: titles
-- The next tracks, and whether the title of each is to be folded anew. Primary key.
SELECT t.id, t.title_key <> left(fold(t.title), 300) AS is_stale
FROM track AS t
WHERE t.id > %(after)s::uuid
ORDER BY t.id
LIMIT %(limit)s::integer;

-- name: fold_titles
-- Folds the titles of tracks anew. Primary key.
UPDATE track SET title = title WHERE id = ANY(%(ids)s::uuid[]);

-- name: tracks_and_entries
-- The next ids that tracks or entries of the index have. Primary keys of track, track_search and track_lyrics.
(SELECT id FROM track WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer)
UNION
(
    SELECT track_id
    FROM track_search
    WHERE track_id > %(after)s::uuid
    ORDER BY track_id
    LIMIT %(limit)s::integer
)
UNION
(
    SELECT track_id
    FROM track_lyrics
    WHERE track_id > %(after)s::uuid
    ORDER BY track_id
    LIMIT %(limit)s::integer
)
ORDER BY id
LIMIT %(limit)s::integer;

-- name: hold_entries
-- Keeps entries from being written by others until the transaction ends, and says of each whether it
-- could be had: one that is being written now is its writer's. Primary key.
WITH held AS MATERIALIZED (
    SELECT track_id
    FROM track_search
    WHERE track_id = ANY(%(ids)s::uuid[])
    FOR UPDATE SKIP LOCKED
)

SELECT s.track_id, h.track_id IS NOT NULL AS is_held
FROM track_search AS s
LEFT JOIN held AS h ON h.track_id = s.track_id
WHERE s.track_id = ANY(%(ids)s::uuid[]);

-- name: entries_with_unknown_words
-- Entries of which the vocabulary misses a word, or has it in too bad a tier. Primary keys of track_search
-- and search_word.
SELECT DISTINCT s.track_id
FROM track_search AS s
CROSS JOIN LATERAL unnest(tsvector_to_array(s.words)) AS w (word)
WHERE s.track_id = ANY(%(ids)s::uuid[])
    AND NOT EXISTS (
        SELECT FROM search_word AS known WHERE known.word = w.word AND known.tier <= s.tier
    );

-- name: stray_entries
-- Entries, of lyrics too, of which there is no live, completed track. Primary keys of track_search,
-- track_lyrics and track.
SELECT s.track_id
FROM (
    SELECT track_id FROM track_search WHERE track_id = ANY(%(ids)s::uuid[])
    UNION
    SELECT track_id FROM track_lyrics WHERE track_id = ANY(%(ids)s::uuid[])
) AS s
WHERE NOT EXISTS (
    SELECT FROM track AS t
    WHERE t.id = s.track_id AND t.status = 'COMPLETED' AND t.deleted_at IS NULL
);

-- name: needless_lyrics
-- Entries of lyrics that their tracks do not have any more. Primary keys of track_lyrics and track.
SELECT l.track_id
FROM track_lyrics AS l
JOIN track AS t ON t.id = l.track_id
WHERE l.track_id = ANY(%(ids)s::uuid[]) AND t.lyrics IS NULL;

-- name: entries_written_now
-- Entries that this transaction has written, of lyrics too. Primary keys of track_search and track_lyrics.
SELECT track_id
FROM track_search
WHERE track_id = ANY(%(ids)s::uuid[]) AND xmin = pg_current_xact_id()::xid
UNION
SELECT track_id
FROM track_lyrics
WHERE track_id = ANY(%(ids)s::uuid[]) AND xmin = pg_current_xact_id()::xid;

-- name: names
-- The next artists, albums, playlists and genres, or what is suggested as such, and which of their rows in
-- name_search are missing, wrong or superfluous; and whether they are as popular as their tracks. Primary
-- keys of artist, artist_alias, album, artist_credit, playlist, genre and name_search.
WITH next AS MATERIALIZED (
    SELECT i.subject
    FROM (
        (SELECT id AS subject FROM artist WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer)
        UNION
        (SELECT id FROM album WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer)
        UNION
        (SELECT id FROM playlist WHERE id > %(after)s::uuid ORDER BY id LIMIT %(limit)s::integer)
        UNION
        (
            SELECT genre_subject(id)
            FROM genre
            WHERE genre_subject(id) > %(after)s::uuid
                AND %(after)s::uuid < '00000001-0000-0000-0000-000000000000' -- no genre is above that
            ORDER BY id
            LIMIT %(limit)s::integer
        )
        UNION
        (
            SELECT DISTINCT subject
            FROM name_search
            WHERE subject > %(after)s::uuid
            ORDER BY subject
            LIMIT %(limit)s::integer
        )
    ) AS i
    ORDER BY i.subject
    LIMIT %(limit)s::integer
),

compared AS (
    SELECT
        coalesce(made.subject, n.subject) AS subject,
        n.subject IS NULL AS is_missing,
        made.subject IS NULL AS is_stray,
        made.subject = n.subject AND (
            made.kind <> n.kind COLLATE "default"
            OR made.library_id IS DISTINCT FROM n.library_id
            OR made.popularity <> n.popularity
            OR made.name_key <> n.name_key COLLATE "default"
            OR made.words <> n.words
            OR made.name <> n.name
        ) AS is_wrong,
        made.kind IN ('ARTIST', 'ALBUM') AS has_tracks
    FROM names_of(ARRAY(SELECT subject FROM next)) AS made
    FULL JOIN (
        SELECT s.subject, s.position, s.kind, s.library_id, s.popularity, s.name_key, s.words, s.name
        FROM name_search AS s
        WHERE s.subject = ANY(ARRAY(SELECT subject FROM next))
    ) AS n ON n.subject = made.subject AND n.position = made.position
)

SELECT
    next.subject,
    coalesce(bool_or(c.is_missing), false) AS is_missing,
    coalesce(bool_or(c.is_wrong), false) AS is_wrong,
    coalesce(bool_or(c.is_stray), false) AS is_stray,
    coalesce(bool_or(c.has_tracks), false) AS has_tracks
FROM next
LEFT JOIN compared AS c ON c.subject = next.subject
GROUP BY next.subject
ORDER BY next.subject;

-- name: hold_names
-- Keeps what is suggested, and what that is the name of, from being written by others until the transaction
-- ends; says of what nobody else is writing either. Primary keys of name_search, artist, album and playlist.
WITH held AS MATERIALIZED (
    SELECT subject, position
    FROM name_search
    WHERE subject = ANY(%(ids)s::uuid[])
    FOR UPDATE SKIP LOCKED
),

held_artist AS MATERIALIZED (
    SELECT id FROM artist WHERE id = ANY(%(ids)s::uuid[]) FOR SHARE SKIP LOCKED
),

held_album AS MATERIALIZED (
    SELECT id FROM album WHERE id = ANY(%(ids)s::uuid[]) FOR SHARE SKIP LOCKED
),

held_playlist AS MATERIALIZED (
    SELECT id FROM playlist WHERE id = ANY(%(ids)s::uuid[]) FOR SHARE SKIP LOCKED
),

others AS (
    SELECT subject
    FROM (
        SELECT subject, position FROM name_search WHERE subject = ANY(%(ids)s::uuid[])
        EXCEPT
        SELECT subject, position FROM held
    ) AS n
    UNION ALL
    (SELECT id FROM artist WHERE id = ANY(%(ids)s::uuid[]) EXCEPT SELECT id FROM held_artist)
    UNION ALL
    (SELECT id FROM album WHERE id = ANY(%(ids)s::uuid[]) EXCEPT SELECT id FROM held_album)
    UNION ALL
    (SELECT id FROM playlist WHERE id = ANY(%(ids)s::uuid[]) EXCEPT SELECT id FROM held_playlist)
)

SELECT i.subject
FROM unnest(%(ids)s::uuid[]) AS i (subject)
WHERE NOT EXISTS (SELECT FROM others AS o WHERE o.subject = i.subject)
ORDER BY i.subject;

-- name: mend_names
-- Makes what is suggested anew. Artists and albums that had no row get their popularity when that is settled.
-- Primary keys of name_search and of what has the names, track_genre_key.
WITH made AS MATERIALIZED (
    SELECT m.subject, m.position, m.kind, m.library_id, m.popularity, m.name_key, m.words, m.name
    FROM names_of(%(ids)s::uuid[]) AS m
),

gone AS (
    DELETE FROM name_search AS n
    WHERE n.subject = ANY(%(ids)s::uuid[])
        AND NOT EXISTS (SELECT FROM made AS m WHERE m.subject = n.subject AND m.position = n.position)
)

INSERT INTO name_search (
    subject, position, kind, library_id, popularity, name_key, words, name
)
SELECT
    m.subject, m.position, m.kind, m.library_id,
    coalesce(
        m.popularity,
        (SELECT max(n.popularity) FROM name_search AS n WHERE n.subject = m.subject),
        CASE
            WHEN m.kind = 'GENRE' THEN (
                SELECT max(s.popularity)
                FROM genre AS g
                JOIN track_genre AS tg ON tg.genre_id = g.id
                JOIN track_search AS s ON s.track_id = tg.track_id
                WHERE genre_subject(g.id) = m.subject AND s.popularity >= 1
            )
        END,
        0
    ),
    m.name_key, m.words, m.name
FROM made AS m
ON CONFLICT (subject, position) DO UPDATE
SET
    kind = excluded.kind,
    library_id = excluded.library_id,
    popularity = excluded.popularity,
    name_key = excluded.name_key,
    words = excluded.words,
    name = excluded.name;

-- name: words
-- The next words of the vocabulary, and whether any entry has each. Primary key of search_word,
-- track_search_words_idx.
SELECT
    w.word,
    EXISTS (
        SELECT FROM track_search AS s WHERE s.words @@ ('''' || w.word || '''')::tsquery
    ) AS is_used
FROM (
    SELECT word
    FROM search_word
    WHERE word > %(after)s::text
    ORDER BY word
    LIMIT %(limit)s::integer
) AS w
ORDER BY w.word;

-- name: outgrown_tables
-- Tables of which so much was written since the planner last counted their rows that there may be four times as
-- many. Catalogue tables.
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind = 'r'
    AND pg_stat_get_mod_since_analyze(c.oid) > 1000 + 3 * greatest(c.reltuples, 0)
ORDER BY c.relname;

-- name: note_statistics
-- Notes that the statistics of words are being looked at; no row when that was done since they were made.
-- Primary key.
UPDATE search_upkeep
SET weighed_at = now()
WHERE is_only
    AND (
        weighed_at IS NULL
        OR weighed_at < greatest(
            pg_stat_get_last_analyze_time('track_search'::regclass),
            pg_stat_get_last_autoanalyze_time('track_search'::regclass)
        )
    )
RETURNING weighed_at;

-- name: weigh_words
-- What share of the tracks has each common word, by the statistics that PostgreSQL keeps for its planner:
-- they hold some thousand words, and what is not among them is rare. Primary key of common_word.
WITH common AS MATERIALIZED (
    SELECT g.word COLLATE "C" AS word, g.share
    FROM pg_stats AS s
    CROSS JOIN LATERAL unnest(
        s.most_common_elems::text::text[], s.most_common_elem_freqs
    ) AS g (word, share)
    WHERE s.schemaname = current_schema()
        AND s.tablename = 'track_search'
        AND s.attname = 'words'
        AND g.word IS NOT NULL -- after the frequencies of words come the least, the greatest, and that of none
),

rare AS (
    DELETE FROM common_word AS w WHERE NOT EXISTS (SELECT FROM common WHERE common.word = w.word)
)

INSERT INTO common_word AS w (word, share)
SELECT common.word, common.share
FROM common
WHERE common.share > 0
ON CONFLICT (word) DO UPDATE SET share = excluded.share WHERE w.share <> excluded.share;

-- name: hold_index
-- Keeps entries from being written until the transaction ends; fails at once while somebody is writing one.
-- Nobody writes an entry without this table, though its words may all be known already.
LOCK TABLE track_search IN SHARE MODE NOWAIT;

-- name: prune_words
-- Takes words that no entry has out of the vocabulary. The index must be held: an entry that is being
-- written could have them. Primary key of search_word, track_search_words_idx.
DELETE FROM search_word AS w
WHERE w.word = ANY(%(words)s::text[])
    AND NOT EXISTS (
        SELECT FROM track_search AS s WHERE s.words @@ ('''' || w.word || '''')::tsquery
    );
