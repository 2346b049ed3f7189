-- What is found by name besides tracks: artists with their aliases, albums, playlists and genres.
--
-- Triggers keep it, for these names are written in many places and a name must be found, or gone, when
-- the write returns, whoever wrote it. Like track_search it has no foreign keys.

CREATE TABLE name_search (
    subject uuid NOT NULL,
    position smallint NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('ARTIST', 'ALBUM', 'PLAYLIST', 'GENRE')),
    library_id uuid CHECK (kind = 'PLAYLIST' OR library_id IS NULL),
    popularity real NOT NULL,
    tier smallint NOT NULL GENERATED ALWAYS AS (
        CASE WHEN kind IN ('PLAYLIST', 'GENRE') OR popularity >= 50 THEN 0 ELSE 1 END
    ) STORED,
    name_key text COLLATE "C" NOT NULL,
    words tsvector NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (subject, position)
);

COMMENT ON COLUMN name_search.subject IS
'The id of the artist, album or playlist; of a genre its number in the form of a UUID.';
COMMENT ON COLUMN name_search.position IS '0 for the name itself, then the aliases.';
COMMENT ON COLUMN name_search.popularity IS
'Of a playlist by its length; else the highest of the tracks: raised with them, lowered by upkeep, but for genres.';
COMMENT ON COLUMN name_search.tier IS
'0 for what is looked through first: what is popular, and all playlists and genres. 1 for the rest.';
COMMENT ON COLUMN name_search.words IS 'Weight A: the name, B: the artists of an album.';

CREATE INDEX name_search_key_idx ON name_search (
    kind, name_key, popularity DESC, subject
);
-- The popular names by their first letter or letters, for beginnings that a large part of them has.
CREATE INDEX name_search_letter_idx ON name_search (
    kind, left(name_key, 1), popularity DESC, subject, name_key
) WHERE tier = 0;
CREATE INDEX name_search_letters_idx ON name_search (
    kind, left(name_key, 3), popularity DESC, subject, name_key
) WHERE tier = 0;
-- With short lists of pending entries (kB), for every reader goes through them; without any, an import that
-- raises a name after the other would take a third longer.
CREATE INDEX name_search_words_idx ON name_search USING gin (words)
WITH (gin_pending_list_limit = 128);
CREATE INDEX name_search_words_tier_0_idx ON name_search USING gin (words)
WITH (gin_pending_list_limit = 128)
WHERE tier = 0;

-- The same for titles. Not by tier: the planner would put these beside the index over the words of the
-- tier, as if they told it something.
CREATE INDEX track_search_letter_idx ON track_search (
    left(title_key, 1), popularity DESC, track_id, title_key
) WHERE popularity >= 60;
CREATE INDEX track_search_letters_idx ON track_search (
    left(title_key, 3), popularity DESC, track_id, title_key
) WHERE popularity >= 60;

-- Whether an artist or album has tracks in a library is one probe, however many it has elsewhere.
DROP INDEX track_credit_idx;
CREATE INDEX track_credit_idx ON track (credit_id, library_id);
DROP INDEX track_album_idx;
CREATE INDEX track_album_idx ON track (album_id, library_id) WHERE album_id IS NOT NULL;

-- The number of a genre in the form of the ids of everything else.
CREATE FUNCTION public.genre_subject(id integer) RETURNS uuid
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
RETURN lpad(to_hex(id), 32, '0')::uuid;

-- A playlist of 20,000 items stands beside the most popular artists. In whole steps, so that few
-- additions change it.
CREATE FUNCTION public.playlist_popularity(item_count integer) RETURNS real
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
RETURN least(100, round(10 * ln(1 + item_count)));

-- How well a name answers what was typed, 0 to 1: what it begins with counts as much as fame.
CREATE FUNCTION public.name_relevance(name_key text, typed text, popularity real) RETURNS double precision
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 0.006 * popularity::double precision + CASE
    WHEN name_key = typed THEN 0.4
    WHEN starts_with(name_key, typed) OR starts_with(name_key, 'the ' || typed) THEN 0.3
    ELSE 0.2
END;

-- Whether what is called by a name is in a library. Genres are everywhere, and a playlist is in its own
-- library; artists and albums are where they have a live track.
CREATE FUNCTION public.in_library(kind text, subject uuid, own uuid, wanted uuid) RETURNS boolean
LANGUAGE plpgsql
STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE
        WHEN kind = 'GENRE' THEN true
        WHEN kind = 'PLAYLIST' THEN own = wanted
        WHEN kind = 'ALBUM' THEN EXISTS (
            SELECT FROM track AS t
            WHERE t.album_id = subject AND t.library_id = wanted AND t.deleted_at IS NULL
        )
        ELSE EXISTS (
            SELECT FROM artist_credit_name AS n
            JOIN track AS t ON t.credit_id = n.credit_id
            WHERE n.artist_id = subject AND t.library_id = wanted AND t.deleted_at IS NULL
        )
    END;
END
$$;

CREATE FUNCTION public.artists_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT n.id, 0, 'ARTIST', 0, n.name_key, weighted_words(n.name_key, 'A'), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_is_new AFTER INSERT ON artist
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION artists_are_new();

CREATE FUNCTION public.artist_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search
    SET name_key = NEW.name_key, words = weighted_words(NEW.name_key, 'A'), name = NEW.name
    WHERE subject = NEW.id AND position = 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_is_renamed AFTER UPDATE ON artist
FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION artist_is_renamed();

-- An alias is as popular as its artist.
CREATE FUNCTION public.aliases_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT
        n.artist_id, n.position + 1, 'ARTIST', own.popularity, n.name_key,
        weighted_words(n.name_key, 'A'), n.name
    FROM new_rows AS n
    JOIN name_search AS own ON own.subject = n.artist_id AND own.position = 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_alias_is_new AFTER INSERT ON artist_alias
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION aliases_are_new();

CREATE FUNCTION public.alias_is_gone() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM name_search WHERE subject = OLD.artist_id AND position = OLD.position + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_alias_is_gone AFTER DELETE ON artist_alias
FOR EACH ROW EXECUTE FUNCTION alias_is_gone();

CREATE FUNCTION public.album_words(title_key text, credit_id uuid) RETURNS tsvector
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN weighted_words(title_key, 'A') || coalesce(
    (SELECT c.words FROM artist_credit AS c WHERE c.id = credit_id), ''::tsvector
);

CREATE FUNCTION public.albums_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT n.id, 0, 'ALBUM', 0, n.title_key, album_words(n.title_key, n.credit_id), n.title
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE TRIGGER album_is_new AFTER INSERT ON album
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION albums_are_new();

CREATE FUNCTION public.album_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search
    SET
        name_key = NEW.title_key,
        words = album_words(NEW.title_key, NEW.credit_id),
        name = NEW.title
    WHERE subject = NEW.id AND position = 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER album_is_renamed AFTER UPDATE ON album
FOR EACH ROW WHEN ((OLD.title, OLD.credit_id) IS DISTINCT FROM (NEW.title, NEW.credit_id))
EXECUTE FUNCTION album_is_renamed();

-- An artist was renamed: so is the credit of its albums.
CREATE FUNCTION public.credit_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search AS s
    SET words = weighted_words(a.title_key, 'A') || NEW.words
    FROM album AS a
    WHERE a.credit_id = NEW.id AND s.subject = a.id AND s.position = 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_credit_is_renamed AFTER UPDATE ON artist_credit
FOR EACH ROW WHEN (OLD.words IS DISTINCT FROM NEW.words) EXECUTE FUNCTION credit_is_renamed();

CREATE FUNCTION public.playlist_is_changed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL THEN
        DELETE FROM name_search WHERE subject = NEW.id;
    ELSE
        INSERT INTO name_search (
            subject, position, kind, library_id, popularity, name_key, words, name
        )
        SELECT
            NEW.id, 0, 'PLAYLIST', NEW.library_id, playlist_popularity(NEW.item_count), folded.key,
            weighted_words(folded.key, 'A'), NEW.name
        FROM (SELECT left(fold(NEW.name), 300) AS key) AS folded
        ON CONFLICT (subject, position) DO UPDATE
        SET
            library_id = excluded.library_id,
            popularity = excluded.popularity,
            name_key = excluded.name_key,
            words = excluded.words,
            name = excluded.name;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER playlist_is_new AFTER INSERT ON playlist
FOR EACH ROW EXECUTE FUNCTION playlist_is_changed();

CREATE TRIGGER playlist_is_changed AFTER UPDATE ON playlist
FOR EACH ROW WHEN (
    (OLD.name, OLD.library_id, OLD.deleted_at, playlist_popularity(OLD.item_count))
    IS DISTINCT FROM
    (NEW.name, NEW.library_id, NEW.deleted_at, playlist_popularity(NEW.item_count))
) EXECUTE FUNCTION playlist_is_changed();

CREATE FUNCTION public.genres_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT
        genre_subject(n.id), 0, 'GENRE', 0, n.name_key, weighted_words(n.name_key, 'A'), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE TRIGGER genre_is_new AFTER INSERT ON genre
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION genres_are_new();

CREATE FUNCTION public.name_is_gone() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM name_search WHERE subject = OLD.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER artist_is_gone AFTER DELETE ON artist
FOR EACH ROW EXECUTE FUNCTION name_is_gone();
CREATE TRIGGER album_is_gone AFTER DELETE ON album
FOR EACH ROW EXECUTE FUNCTION name_is_gone();
CREATE TRIGGER playlist_is_gone AFTER DELETE ON playlist
FOR EACH ROW EXECUTE FUNCTION name_is_gone();

-- What the tracks of a batch raise. Rows that others hold are left to upkeep, so that nobody waits here:
-- a transaction may hold an artist for as long as an import takes.
--
-- The settings make the plan: one by one through the primary keys, also when it was first made on empty
-- tables.
CREATE FUNCTION public.tracks_are_popular() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    WITH heard AS MATERIALIZED (
        SELECT t.id, t.credit_id, t.album_id, n.popularity
        FROM new_rows AS n
        JOIN track AS t ON t.id = n.track_id
        WHERE n.popularity >= 1
    ),

    best AS MATERIALIZED (
        SELECT s.subject, max(s.popularity) AS popularity
        FROM (
            SELECT n.artist_id AS subject, h.popularity
            FROM heard AS h
            JOIN artist_credit_name AS n ON n.credit_id = h.credit_id
            UNION ALL
            SELECT h.album_id, h.popularity FROM heard AS h
            UNION ALL
            SELECT genre_subject(g.genre_id), h.popularity
            FROM heard AS h
            JOIN track_genre AS g ON g.track_id = h.id
        ) AS s
        GROUP BY s.subject
    ),

    risen AS MATERIALIZED (
        SELECT n.subject, n.position, b.popularity
        FROM best AS b
        JOIN name_search AS n ON n.subject = b.subject AND n.popularity < b.popularity
        FOR NO KEY UPDATE OF n SKIP LOCKED
    )

    UPDATE name_search AS n
    SET popularity = r.popularity
    FROM risen AS r
    WHERE n.subject = r.subject AND n.position = r.position;
    RETURN NULL;
END
$$;

CREATE TRIGGER track_search_is_new AFTER INSERT ON track_search
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION tracks_are_popular();
CREATE TRIGGER track_search_is_changed AFTER UPDATE ON track_search
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION tracks_are_popular();

-- What is there already.
INSERT INTO name_search (subject, position, kind, library_id, popularity, name_key, words, name)
SELECT a.id, 0, 'ARTIST', NULL::uuid, coalesce(best.popularity, 0), a.name_key,
    weighted_words(a.name_key, 'A'), a.name
FROM artist AS a
LEFT JOIN (
    SELECT n.artist_id, max(s.popularity) AS popularity
    FROM track_search AS s
    JOIN track AS t ON t.id = s.track_id
    JOIN artist_credit_name AS n ON n.credit_id = t.credit_id
    GROUP BY n.artist_id
) AS best ON best.artist_id = a.id
UNION ALL
SELECT a.id, 0, 'ALBUM', NULL, coalesce(best.popularity, 0), a.title_key,
    album_words(a.title_key, a.credit_id), a.title
FROM album AS a
LEFT JOIN (
    SELECT t.album_id, max(s.popularity) AS popularity
    FROM track_search AS s
    JOIN track AS t ON t.id = s.track_id
    GROUP BY t.album_id
) AS best ON best.album_id = a.id
UNION ALL
SELECT genre_subject(g.id), 0, 'GENRE', NULL, coalesce(best.popularity, 0), g.name_key,
    weighted_words(g.name_key, 'A'), g.name
FROM genre AS g
LEFT JOIN (
    SELECT tg.genre_id, max(s.popularity) AS popularity
    FROM track_search AS s
    JOIN track_genre AS tg ON tg.track_id = s.track_id
    GROUP BY tg.genre_id
) AS best ON best.genre_id = g.id
UNION ALL
SELECT p.id, 0, 'PLAYLIST', p.library_id, playlist_popularity(p.item_count), folded.key,
    weighted_words(folded.key, 'A'), p.name
FROM playlist AS p
CROSS JOIN LATERAL (SELECT left(fold(p.name), 300) AS key) AS folded
WHERE p.deleted_at IS NULL;

INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
SELECT a.artist_id, a.position + 1, 'ARTIST', own.popularity, a.name_key,
    weighted_words(a.name_key, 'A'), a.name
FROM artist_alias AS a
JOIN name_search AS own ON own.subject = a.artist_id AND own.position = 0;
