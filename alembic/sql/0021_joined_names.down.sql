UPDATE search_upkeep
SET fold_version = least(fold_version, 3), round_fold_version = least(round_fold_version, 3);

CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 3;

CREATE FUNCTION public.album_words(title_key text, credit_id uuid) RETURNS tsvector
LANGUAGE sql
STABLE PARALLEL SAFE
RETURN weighted_words(title_key, 'A') || coalesce(
    (SELECT c.words FROM artist_credit AS c WHERE c.id = credit_id), ''::tsvector
);

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
        weighted_words(a.name_key, 'A'), a.name
    FROM artist AS a
    WHERE a.id = ANY(subjects)
    UNION ALL
    SELECT
        s.artist_id, (s.position + 1)::smallint, 'ARTIST', NULL, NULL, s.name_key,
        weighted_words(s.name_key, 'A'), s.name
    FROM artist_alias AS s
    WHERE s.artist_id = ANY(subjects)
    UNION ALL
    SELECT
        a.id, 0, 'ALBUM', NULL, NULL, a.title_key, album_words(a.title_key, a.credit_id), a.title
    FROM album AS a
    WHERE a.id = ANY(subjects)
    UNION ALL
    SELECT
        p.id, 0, 'PLAYLIST', p.library_id, playlist_popularity(p.item_count), k.name_key,
        weighted_words(k.name_key, 'A'), p.name
    FROM playlist AS p
    CROSS JOIN LATERAL (SELECT left(fold(p.name), 300) AS name_key) AS k
    WHERE p.id = ANY(subjects) AND p.deleted_at IS NULL
    UNION ALL
    SELECT u.id, 0, 'GENRE', NULL, NULL, g.name_key, weighted_words(g.name_key, 'A'), g.name
    FROM unnest(subjects) AS u (id)
    JOIN genre AS g ON g.id = ('x' || right(u.id::text, 8))::bit(32)::integer
    WHERE genre_subject(g.id) = u.id;
END;

CREATE OR REPLACE FUNCTION public.artists_are_new() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT n.id, 0, 'ARTIST', 0, n.name_key, weighted_words(n.name_key, 'A'), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.artist_is_renamed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE name_search
    SET name_key = NEW.name_key, words = weighted_words(NEW.name_key, 'A'), name = NEW.name
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
        weighted_words(n.name_key, 'A'), n.name
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
    SELECT n.id, 0, 'ALBUM', 0, n.title_key, album_words(n.title_key, n.credit_id), n.title
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
        words = album_words(NEW.title_key, NEW.credit_id),
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
    SET words = weighted_words(a.title_key, 'A') || NEW.words
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

CREATE OR REPLACE FUNCTION public.genres_are_new() RETURNS trigger
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

DROP FUNCTION public.credited_words(uuid);
DROP FUNCTION public.name_words(text, text);
