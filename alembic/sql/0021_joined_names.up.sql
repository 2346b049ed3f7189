-- Words that punctuation joins are one word, too, in the names to suggest: "acdc" is AC/DC, "hiphop" Hip-Hop.

CREATE FUNCTION public.name_words(name text, name_key text) RETURNS tsvector
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN weighted_words(name_key || coalesce(' ' || run_together(name), ''), 'A');

CREATE FUNCTION public.credited_words(credit_id uuid) RETURNS tsvector
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN coalesce((SELECT c.words FROM artist_credit AS c WHERE c.id = credit_id), ''::tsvector);

CREATE OR REPLACE FUNCTION public.artists_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT n.id, 0, 'ARTIST', 0, n.name_key, name_words(n.name, n.name_key), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.artist_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search
    SET name_key = NEW.name_key, words = name_words(NEW.name, NEW.name_key), name = NEW.name
    WHERE subject = NEW.id AND position = 0;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.aliases_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT
        n.artist_id, n.position + 1, 'ARTIST', own.popularity, n.name_key,
        name_words(n.name, n.name_key), n.name
    FROM new_rows AS n
    JOIN name_search AS own ON own.subject = n.artist_id AND own.position = 0;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.albums_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT
        n.id, 0, 'ALBUM', 0, n.title_key,
        name_words(n.title, n.title_key) || credited_words(n.credit_id), n.title
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.album_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search
    SET
        name_key = NEW.title_key,
        words = name_words(NEW.title, NEW.title_key) || credited_words(NEW.credit_id),
        name = NEW.title
    WHERE subject = NEW.id AND position = 0;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.credit_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search AS s
    SET words = name_words(a.title, a.title_key) || NEW.words
    FROM album AS a
    WHERE a.credit_id = NEW.id AND s.subject = a.id AND s.position = 0;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.playlist_is_changed() RETURNS trigger
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
            name_words(NEW.name, folded.key), NEW.name
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

CREATE OR REPLACE FUNCTION public.genres_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT
        genre_subject(n.id), 0, 'GENRE', 0, n.name_key, name_words(n.name, n.name_key), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.names_of(subjects uuid []) RETURNS TABLE (
    subject uuid,
    "position" smallint,
    kind text,
    library_id uuid,
    popularity real,
    name_key text,
    words tsvector,
    name text
)
LANGUAGE sql
STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        a.id, 0::smallint, 'ARTIST', NULL::uuid, NULL::real, a.name_key,
        name_words(a.name, a.name_key), a.name
    FROM artist AS a
    WHERE a.id = ANY(subjects)
    UNION ALL
    SELECT
        s.artist_id, (s.position + 1)::smallint, 'ARTIST', NULL, NULL, s.name_key,
        name_words(s.name, s.name_key), s.name
    FROM artist_alias AS s
    WHERE s.artist_id = ANY(subjects)
    UNION ALL
    SELECT
        a.id, 0, 'ALBUM', NULL, NULL, a.title_key,
        name_words(a.title, a.title_key) || credited_words(a.credit_id), a.title
    FROM album AS a
    WHERE a.id = ANY(subjects)
    UNION ALL
    SELECT
        p.id, 0, 'PLAYLIST', p.library_id, playlist_popularity(p.item_count), k.name_key,
        name_words(p.name, k.name_key), p.name
    FROM playlist AS p
    CROSS JOIN LATERAL (SELECT left(fold(p.name), 300) AS name_key) AS k
    WHERE p.id = ANY(subjects) AND p.deleted_at IS NULL
    UNION ALL
    SELECT u.id, 0, 'GENRE', NULL, NULL, g.name_key, name_words(g.name, g.name_key), g.name
    FROM unnest(subjects) AS u (id)
    JOIN genre AS g ON g.id = ('x' || right(u.id::text, 8))::bit(32)::integer
    WHERE genre_subject(g.id) = u.id;
END;

DROP FUNCTION public.album_words(text, uuid);

-- Upkeep writes the rows anew that have such words.
CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 4;

-- In an empty catalogue there is nothing to make anew.
UPDATE search_upkeep
SET fold_version = 4, round_fold_version = 4
WHERE NOT EXISTS (SELECT FROM track) AND NOT EXISTS (SELECT FROM name_search);
