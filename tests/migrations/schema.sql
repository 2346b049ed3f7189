CREATE COLLATION public.unicode_case (provider = builtin, locale = 'C.UTF-8');

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';

CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;

COMMENT ON EXTENSION fuzzystrmatch IS 'determine similarities and distance between strings';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';

CREATE DOMAIN public.partial_date AS text COLLATE pg_catalog."C"
	CONSTRAINT partial_date_form CHECK ((VALUE ~ '^(?!0000)[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$'::text));

CREATE FUNCTION public.album_is_renamed() RETURNS trigger
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

CREATE FUNCTION public.albums_are_new() RETURNS trigger
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

CREATE FUNCTION public.alias_is_gone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM name_search WHERE subject = OLD.artist_id AND position = OLD.position + 1;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.aliases_are_new() RETURNS trigger
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

CREATE FUNCTION public.artist_is_renamed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE name_search
    SET name_key = NEW.name_key, words = name_words(NEW.name, NEW.name_key), name = NEW.name
    WHERE subject = NEW.id AND position = 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.artists_are_new() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO name_search (subject, position, kind, popularity, name_key, words, name)
    SELECT n.id, 0, 'ARTIST', 0, n.name_key, name_words(n.name, n.name_key), n.name
    FROM new_rows AS n;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.credit_is_renamed() RETURNS trigger
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

CREATE FUNCTION public.fold(input text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
DECLARE
    plain text := input;
    folded text;
BEGIN
    IF octet_length(plain) = char_length(plain) THEN
        plain := lower(plain COLLATE "C"); -- ASCII, as four of five names are: nothing else to do
    ELSE
        plain := lower(translate(plain, '´`', '''''') COLLATE public.unicode_case);
        -- Invisible marks: soft hyphen, zero-width, direction. Gone before unaccent sees a hyphen.
        plain := regexp_replace(plain, '[\u00AD\u200B-\u200F\u202A-\u202E\u2060\uFEFF]+', '', 'g');
        plain := public.unaccent('public.unaccent'::regdictionary, normalize(plain, NFKC));
        plain := lower(plain COLLATE public.unicode_case);
        plain := replace(plain, 'ς', 'σ');
        IF plain ~ '[\u30A1-\u30F4]' THEN
            plain := translate(
                plain,
                'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴ',
                'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔ'
            );
        END IF;
        IF plain ~ '[\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]' THEN
            plain := regexp_replace(
                plain,
                '([\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF])',
                ' \1 ',
                'g'
            );
        END IF;
    END IF;
    plain := replace(plain, '&', ' and ');
    IF plain LIKE '%._.%' THEN
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '\m([[:alpha:]])\.(?=[[:alpha:]]\M)',
            '\1',
            'g'
        );
    END IF;
    IF position('$' IN plain) > 0 OR position('!' IN plain) > 0 THEN
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '\$(?=[[:alpha:]])|(?<=[[:alpha:]])\$',
            's',
            'g'
        );
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '(?<=[[:alpha:]])!(?=[[:alpha:]])',
            'i',
            'g'
        );
    END IF;
    folded := regexp_replace(
        replace(plain, '''', ''),
        '[][ !"#$%()*+,./:;<=>?@\\^_`{|}~\u0001-\u001F\u007F-\u00A0\u00A7\u00B6\u00B7\u2016\u1680\u2020-\u2029\u203B\u2236\u3000-\u303F\u30FB-]+',
        ' ',
        'g'
    );
    folded := btrim(folded);
    IF folded = '' THEN
        folded := btrim(regexp_replace(translate(plain, ''':\', '’∶＼'), '[\s[:cntrl:]]+', ' ', 'g'));
    END IF;
    RETURN folded;
END
$_$;

CREATE FUNCTION public.weighted_words(folded text, weight text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((folded IS NULL) OR (folded = ''::text)) THEN ''::tsvector ELSE (((replace(CASE WHEN (octet_length(folded) > 2000) THEN regexp_replace(folded, '(\S{250})\S+'::text, '\1'::text, 'g'::text) ELSE folded END, ' '::text, ((':1'::text || weight) || ' '::text)) || ':1'::text) || weight))::tsvector END;

CREATE TABLE public.artist (
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text GENERATED ALWAYS AS ("left"(public.fold(name), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    sort_name text DEFAULT ''::text NOT NULL,
    disambiguation text DEFAULT ''::text NOT NULL,
    country text DEFAULT ''::text NOT NULL,
    mbid uuid,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT artist_country_check CHECK ((country ~ '^([A-Z]{2})?$'::text)),
    CONSTRAINT artist_disambiguation_check CHECK ((char_length(disambiguation) <= 200)),
    CONSTRAINT artist_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 500))),
    CONSTRAINT artist_sort_name_check CHECK ((char_length(sort_name) <= 500))
);

CREATE TABLE public.artist_alias (
    artist_id uuid NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    name_key text GENERATED ALWAYS AS ("left"(public.fold(name), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    locale text DEFAULT ''::text NOT NULL,
    type text DEFAULT 'UNSPECIFIED'::text NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    CONSTRAINT artist_alias_locale_check CHECK ((char_length(locale) <= 35)),
    CONSTRAINT artist_alias_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 500))),
    CONSTRAINT artist_alias_position_check CHECK (("position" >= 0)),
    CONSTRAINT artist_alias_type_check CHECK ((type = ANY (ARRAY['UNSPECIFIED'::text, 'ARTIST_NAME'::text, 'LEGAL_NAME'::text, 'SEARCH_HINT'::text, 'FORMER_NAME'::text])))
);

CREATE TABLE public.artist_credit_name (
    credit_id uuid NOT NULL,
    "position" smallint NOT NULL,
    artist_id uuid NOT NULL,
    name text NOT NULL,
    join_phrase text DEFAULT ''::text NOT NULL,
    role text NOT NULL,
    CONSTRAINT artist_credit_name_join_phrase_check CHECK ((char_length(join_phrase) <= 50)),
    CONSTRAINT artist_credit_name_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 500))),
    CONSTRAINT artist_credit_name_position_check CHECK (("position" >= 0)),
    CONSTRAINT artist_credit_name_role_check CHECK ((role = ANY (ARRAY['PRIMARY'::text, 'FEATURED'::text, 'REMIXER'::text, 'COMPOSER'::text, 'LYRICIST'::text, 'PRODUCER'::text, 'CONDUCTOR'::text, 'PERFORMER'::text, 'ARRANGER'::text, 'ENGINEER'::text, 'DJ_MIXER'::text])))
);

CREATE FUNCTION public.credit_words(credit_id uuid) RETURNS tsvector
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT public.weighted_words(string_agg(k.words, ' '::text), 'B'::text) AS weighted_words
    FROM ( SELECT (((public.fold(n.name) || ' '::text) || a.name_key) || COALESCE(( SELECT (' '::text || string_agg(s.name_key, ' '::text))
                    FROM public.artist_alias s
                   WHERE (s.artist_id = n.artist_id)), ''::text)) AS words
            FROM (public.artist_credit_name n
              JOIN public.artist a ON ((a.id = n.artist_id)))
           WHERE (n.credit_id = credit_words.credit_id)) k;
END;

CREATE TABLE public.artist_credit (
    id uuid NOT NULL,
    display text NOT NULL,
    names_key text NOT NULL,
    words tsvector NOT NULL
);

COMMENT ON COLUMN public.artist_credit.display IS 'Primary and featured names with their join phrases.';

COMMENT ON COLUMN public.artist_credit.names_key IS 'The displayed names, folded.';

COMMENT ON COLUMN public.artist_credit.words IS 'Words of all names as credited, of the artists'' own names and of their aliases, with weight B.';

CREATE FUNCTION public.credited_words(credit_id uuid) RETURNS tsvector
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT c.words FROM public.artist_credit c WHERE (c.id = credited_words.credit_id)), ''::tsvector);

CREATE FUNCTION public.filter_is_exact(texts text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT bool_and(((strpos(f.words, ' '::text) = 0) AND (char_length(f.words) < 250))) AS bool_and
    FROM (unnest(filter_is_exact.texts) g(value)
      CROSS JOIN LATERAL ( SELECT public.fold(g.value) AS words) f);
END;

CREATE FUNCTION public.filter_keys(texts text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg(f.key) AS array_agg
    FROM (unnest(filter_keys.texts) g(value)
      CROSS JOIN LATERAL ( SELECT "left"(public.fold(g.value), 300) AS key) f)
   WHERE (f.key <> ''::text);
END;

CREATE FUNCTION public.filter_literal(plain text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace(replace(replace(plain, '\'::text, '\\'::text), '%'::text, '\%'::text), '_'::text, '\_'::text);

CREATE FUNCTION public.filter_names(texts text[], prefixes boolean[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg((public.filter_literal(f.key) ||
         CASE
             WHEN g.is_prefix THEN '%'::text
             ELSE ''::text
         END)) AS array_agg
    FROM (UNNEST(filter_names.texts, filter_names.prefixes) g(value, is_prefix)
      CROSS JOIN LATERAL ( SELECT "left"(public.fold(g.value), 300) AS key) f)
   WHERE (f.key <> ''::text);
END;

CREATE FUNCTION public.filter_phrases(texts text[], prefixes boolean[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT array_agg((('% '::text || public.filter_literal(f.words)) ||
         CASE
             WHEN g.is_prefix THEN '%'::text
             ELSE ' %'::text
         END)) AS array_agg
    FROM (UNNEST(filter_phrases.texts, filter_phrases.prefixes) g(value, is_prefix)
      CROSS JOIN LATERAL ( SELECT public.fold(g.value) AS words) f)
   WHERE (f.words <> ''::text);
END;

CREATE FUNCTION public.filter_query(texts text[], prefixes boolean[], weight text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (string_agg(k.query, ' | '::text))::tsquery AS string_agg
    FROM ( SELECT ( SELECT string_agg(((((''''::text || "left"(s.word, 250)) || ''':'::text) || filter_query.weight) ||
                         CASE
                             WHEN (char_length(s.word) > 250) THEN '*'::text
                             WHEN (g.is_prefix AND (s.ordinal = cardinality(f.split))) THEN '*'::text
                             ELSE ''::text
                         END), ' & '::text) AS string_agg
                    FROM unnest(f.split) WITH ORDINALITY s(word, ordinal)) AS query
            FROM (UNNEST(filter_query.texts, filter_query.prefixes) g(value, is_prefix)
              CROSS JOIN LATERAL ( SELECT string_to_array(public.fold(g.value), ' '::text) AS split) f)) k;
END;

CREATE FUNCTION public.fold_version() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 4;

CREATE FUNCTION public.genre_subject(id integer) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (lpad(to_hex(id), 32, '0'::text))::uuid;

CREATE FUNCTION public.genres_are_new() RETURNS trigger
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

CREATE TABLE public.artist_merge (
    artist_id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    leads_to uuid NOT NULL,
    name text NOT NULL,
    name_key text GENERATED ALWAYS AS ("left"(public.fold(name), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    disambiguation text NOT NULL,
    artist bytea NOT NULL,
    given bytea NOT NULL,
    merged_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.artist_merge.survivor_id IS 'The artist that it was merged into, which may have been merged into another one since.';

COMMENT ON COLUMN public.artist_merge.leads_to IS 'The artist that the id leads to: the end of the chain.';

COMMENT ON COLUMN public.artist_merge.artist IS 'The artist as it was: a serialized fonoteca.v1.Artist.';

COMMENT ON COLUMN public.artist_merge.given IS 'What the survivor got from it, as a serialized fonoteca.v1.Artist.';

CREATE FUNCTION public.grouping_keys(title_key text, artist_id uuid) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (ARRAY[((title_key || '|'::text) || COALESCE((artist_id)::text, ''::text))] || ARRAY(SELECT ((grouping_keys.title_key || '|'::text) || (m.artist_id)::text) FROM public.artist_merge m WHERE (m.leads_to = grouping_keys.artist_id) ORDER BY m.artist_id));

CREATE FUNCTION public.ids_in(message bytea) RETURNS uuid[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT (m.found[1])::uuid AS found FROM regexp_matches(encode(ids_in.message, 'escape'::text), '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'::text, 'g'::text) m(found));

COMMENT ON FUNCTION public.ids_in(message bytea) IS 'The ids that a serialized message names.';

CREATE FUNCTION public.in_library(kind text, subject uuid, own uuid, wanted uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
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

CREATE TABLE public.album_merge (
    album_id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    leads_to uuid NOT NULL,
    mbid uuid,
    grouping_key text COLLATE pg_catalog."C",
    album bytea NOT NULL,
    given bytea NOT NULL,
    cover_hashes text[] NOT NULL COLLATE pg_catalog."C",
    merged_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.album_merge.survivor_id IS 'The album that it was merged into, which may have been merged into another one since.';

COMMENT ON COLUMN public.album_merge.leads_to IS 'The album that the id leads to: the end of the chain.';

COMMENT ON COLUMN public.album_merge.album IS 'The album as it was: a serialized fonoteca.v1.Album.';

COMMENT ON COLUMN public.album_merge.given IS 'What the survivor got from it, as a serialized fonoteca.v1.Album.';

COMMENT ON COLUMN public.album_merge.cover_hashes IS 'How the addresses of its covers end: the hashes of pictures that it needs when it comes back.';

CREATE FUNCTION public.leading_album(id uuid) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT m.leads_to FROM public.album_merge m WHERE (m.album_id = leading_album.id)), id);

CREATE FUNCTION public.leading_artist(id uuid) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT m.leads_to FROM public.artist_merge m WHERE (m.artist_id = leading_artist.id)), id);

CREATE FUNCTION public.name_is_gone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM name_search WHERE subject = OLD.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.name_letters(name_key text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace(replace(((' '::text || regexp_replace(name_key, '^the | the$'::text, ''::text, 'g'::text)) || ' '::text), ' n '::text, ' and '::text), ' '::text, ''::text);

CREATE FUNCTION public.name_relevance(name_key text, typed text, popularity real) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (((0.006)::double precision * (popularity)::double precision) + (CASE WHEN starts_with(replace(name_key, ' '::text, ''::text), replace(typed, ' '::text, ''::text)) THEN CASE WHEN (replace(name_key, ' '::text, ''::text) = replace(typed, ' '::text, ''::text)) THEN 0.4 ELSE 0.3 END WHEN starts_with(name_key, ('the '::text || typed)) THEN 0.3 ELSE 0.2 END)::double precision);

CREATE FUNCTION public.without_punctuation(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT string_agg(replace(f.folded, ' '::text, ''::text), ' '::text) AS string_agg
    FROM (regexp_split_to_table(without_punctuation.name, '\s+'::text) g(chunk)
      CROSS JOIN LATERAL ( SELECT public.fold(g.chunk) AS folded
          OFFSET 0) f)
   WHERE (((g.chunk COLLATE public.unicode_case) ~ '[[:alnum:]][^[:alnum:]&]+[[:alnum:]]'::text) AND (f.folded ~~ '% %'::text) AND (g.chunk !~ '[\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]'::text));
END;

CREATE FUNCTION public.run_together(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((name COLLATE public.unicode_case) ~ '[[:alnum:]][^[:alnum:][:space:]&]+[[:alnum:]]'::text) THEN public.without_punctuation(name) ELSE NULL::text END;

CREATE FUNCTION public.name_words(name text, name_key text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN public.weighted_words((name_key || COALESCE((' '::text || public.run_together(name)), ''::text)), 'A'::text);

CREATE FUNCTION public.playlist_popularity(item_count integer) RETURNS real
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN LEAST((100)::double precision, round(((10)::double precision * ln(((1 + item_count))::double precision))));

CREATE TABLE public.album (
    id uuid NOT NULL,
    title text NOT NULL,
    title_key text GENERATED ALWAYS AS ("left"(public.fold(title), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    words tsvector GENERATED ALWAYS AS (public.weighted_words(public.fold(title), 'C'::text)) STORED NOT NULL,
    credit_id uuid,
    type text DEFAULT 'UNSPECIFIED'::text NOT NULL,
    release_date public.partial_date,
    total_tracks smallint,
    mbid uuid,
    barcode text DEFAULT ''::text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    catalog_number text DEFAULT ''::text NOT NULL,
    grouping_key text COLLATE pg_catalog."C",
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT album_barcode_check CHECK ((barcode ~ '^([0-9]{6,18})?$'::text)),
    CONSTRAINT album_catalog_number_check CHECK ((char_length(catalog_number) <= 100)),
    CONSTRAINT album_label_check CHECK ((char_length(label) <= 500)),
    CONSTRAINT album_title_check CHECK (((title <> ''::text) AND (char_length(title) <= 1000))),
    CONSTRAINT album_total_tracks_check CHECK ((total_tracks > 0)),
    CONSTRAINT album_type_check CHECK ((type = ANY (ARRAY['UNSPECIFIED'::text, 'ALBUM'::text, 'SINGLE'::text, 'EP'::text, 'COMPILATION'::text, 'LIVE'::text, 'SOUNDTRACK'::text, 'OTHER'::text])))
);

COMMENT ON COLUMN public.album.grouping_key IS 'How a track that names the album only by title and artist finds it. Stays when the album is renamed.';

CREATE TABLE public.genre (
    id integer NOT NULL,
    name text NOT NULL,
    name_key text GENERATED ALWAYS AS ("left"(public.fold(name), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    parent_id integer,
    CONSTRAINT genre_check CHECK ((parent_id <> id)),
    CONSTRAINT genre_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 100)))
);

CREATE TABLE public.playlist (
    id uuid NOT NULL,
    library_id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    is_collaborative boolean DEFAULT false NOT NULL,
    unique_tracks boolean DEFAULT false NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    item_count integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT playlist_description_check CHECK ((char_length(description) <= 10000)),
    CONSTRAINT playlist_item_count_check CHECK (((item_count >= 0) AND (item_count <= 100000))),
    CONSTRAINT playlist_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 500))),
    CONSTRAINT playlist_owner_check CHECK ((char_length(owner) <= 200)),
    CONSTRAINT playlist_tags_check CHECK ((cardinality(tags) <= 100)),
    CONSTRAINT playlist_version_check CHECK ((version >= 0))
);

COMMENT ON COLUMN public.playlist.version IS 'Of the items: one up with every change of them.';

COMMENT ON COLUMN public.playlist.revision IS 'Of the other columns: the etag.';

CREATE FUNCTION public.names_of(subjects uuid[]) RETURNS TABLE(subject uuid, "position" smallint, kind text, library_id uuid, popularity real, name_key text, words tsvector, name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT a.id,
     (0)::smallint AS int2,
     'ARTIST'::text,
     NULL::uuid AS uuid,
     NULL::real AS float4,
     a.name_key,
     public.name_words(a.name, a.name_key) AS name_words,
     a.name
    FROM public.artist a
   WHERE (a.id = ANY (names_of.subjects))
 UNION ALL
  SELECT s.artist_id,
     ((s."position" + 1))::smallint AS int2,
     'ARTIST'::text,
     NULL::uuid,
     NULL::real,
     s.name_key,
     public.name_words(s.name, s.name_key) AS name_words,
     s.name
    FROM public.artist_alias s
   WHERE (s.artist_id = ANY (names_of.subjects))
 UNION ALL
  SELECT a.id,
     0,
     'ALBUM'::text,
     NULL::uuid,
     NULL::real,
     a.title_key,
     (public.name_words(a.title, a.title_key) || public.credited_words(a.credit_id)),
     a.title
    FROM public.album a
   WHERE (a.id = ANY (names_of.subjects))
 UNION ALL
  SELECT p.id,
     0,
     'PLAYLIST'::text,
     p.library_id,
     public.playlist_popularity(p.item_count) AS playlist_popularity,
     k.name_key,
     public.name_words(p.name, k.name_key) AS name_words,
     p.name
    FROM (public.playlist p
      CROSS JOIN LATERAL ( SELECT "left"(public.fold(p.name), 300) AS name_key) k)
   WHERE ((p.id = ANY (names_of.subjects)) AND (p.deleted_at IS NULL))
 UNION ALL
  SELECT u.id,
     0,
     'GENRE'::text,
     NULL::uuid,
     NULL::real,
     g.name_key,
     public.name_words(g.name, g.name_key) AS name_words,
     g.name
    FROM (unnest(names_of.subjects) u(id)
      JOIN public.genre g ON ((g.id = ((('x'::text || "right"((u.id)::text, 8)))::bit(32))::integer)))
   WHERE (public.genre_subject(g.id) = u.id);
END;

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

CREATE FUNCTION public.search_tier(popularity double precision, id uuid) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (popularity >= (70)::double precision) THEN 0 WHEN (popularity >= (55)::double precision) THEN 1 WHEN (popularity >= (30)::double precision) THEN 2 WHEN (popularity IS NOT NULL) THEN 3 WHEN (get_byte(uuid_send(id), 15) < 2) THEN 0 WHEN (get_byte(uuid_send(id), 15) < 16) THEN 1 WHEN (get_byte(uuid_send(id), 15) < 80) THEN 2 ELSE 3 END;

CREATE FUNCTION public.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_setting('fonoteca.upkeep', true) IS DISTINCT FROM 'on' THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.tracks_are_popular() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows WHERE popularity >= 1) THEN
        RETURN NULL; -- only to begin what follows takes a tenth of the time that a track takes to be indexed
    END IF;

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

CREATE FUNCTION public.typed_hash(plain text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN hashtext(lower((plain COLLATE public.unicode_case)));

CREATE TABLE public.album_cover (
    album_id uuid NOT NULL,
    "position" smallint NOT NULL,
    uri text NOT NULL,
    type text DEFAULT 'front'::text NOT NULL,
    width_px integer,
    height_px integer,
    mime_type text DEFAULT ''::text NOT NULL,
    CONSTRAINT album_cover_height_px_check CHECK ((height_px > 0)),
    CONSTRAINT album_cover_mime_type_check CHECK ((char_length(mime_type) <= 100)),
    CONSTRAINT album_cover_position_check CHECK (("position" >= 0)),
    CONSTRAINT album_cover_type_check CHECK (((type <> ''::text) AND (char_length(type) <= 50))),
    CONSTRAINT album_cover_uri_check CHECK (((uri <> ''::text) AND (char_length(uri) <= 2000))),
    CONSTRAINT album_cover_width_px_check CHECK ((width_px > 0))
);

CREATE TABLE public.album_folder (
    key text NOT NULL COLLATE pg_catalog."C",
    album_id uuid NOT NULL,
    is_implied boolean NOT NULL,
    CONSTRAINT album_folder_key_check CHECK ((key ~ '^[0-9a-f]{32}$'::text))
);

COMMENT ON COLUMN public.album_folder.is_implied IS 'Whether the files name no album artist, so that the artist of the album is that of its tracks.';

CREATE TABLE public.album_merge_folder (
    album_id uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE public.album_merge_folder IS 'The folders, as in album_folder, that a merged album had.';

CREATE TABLE public.album_merge_track (
    album_id uuid NOT NULL,
    track_id uuid NOT NULL
);

COMMENT ON TABLE public.album_merge_track IS 'The tracks that were on a merged album.';

CREATE TABLE public.album_source (
    album_id uuid NOT NULL,
    "position" smallint NOT NULL,
    type text NOT NULL,
    external_id text NOT NULL,
    uri text DEFAULT ''::text NOT NULL,
    unavailable boolean DEFAULT false NOT NULL,
    synced_at timestamp with time zone,
    CONSTRAINT album_source_external_id_check CHECK (((external_id <> ''::text) AND (char_length(external_id) <= 500))),
    CONSTRAINT album_source_position_check CHECK (("position" >= 0)),
    CONSTRAINT album_source_type_check CHECK ((type ~ '^[a-z0-9._-]{1,50}$'::text)),
    CONSTRAINT album_source_uri_check CHECK ((char_length(uri) <= 2000))
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.artist_link (
    artist_id uuid NOT NULL,
    "position" smallint NOT NULL,
    type text NOT NULL,
    uri text NOT NULL,
    CONSTRAINT artist_link_position_check CHECK (("position" >= 0)),
    CONSTRAINT artist_link_type_check CHECK (((type <> ''::text) AND (char_length(type) <= 50))),
    CONSTRAINT artist_link_uri_check CHECK (((uri <> ''::text) AND (char_length(uri) <= 2000)))
);

CREATE TABLE public.artist_merge_name (
    artist_id uuid NOT NULL,
    subject uuid NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    role text NOT NULL
);

COMMENT ON TABLE public.artist_merge_name IS 'Which names, in the credits of which tracks and albums, were those of a merged artist.';

CREATE TABLE public.artist_source (
    artist_id uuid NOT NULL,
    "position" smallint NOT NULL,
    type text NOT NULL,
    external_id text NOT NULL,
    uri text DEFAULT ''::text NOT NULL,
    unavailable boolean DEFAULT false NOT NULL,
    synced_at timestamp with time zone,
    CONSTRAINT artist_source_external_id_check CHECK (((external_id <> ''::text) AND (char_length(external_id) <= 500))),
    CONSTRAINT artist_source_position_check CHECK (("position" >= 0)),
    CONSTRAINT artist_source_type_check CHECK ((type ~ '^[a-z0-9._-]{1,50}$'::text)),
    CONSTRAINT artist_source_uri_check CHECK ((char_length(uri) <= 2000))
);

CREATE TABLE public.artwork (
    hash text NOT NULL COLLATE pg_catalog."C",
    mime_type text NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT artwork_hash_check CHECK ((hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT artwork_height_px_check CHECK ((height_px > 0)),
    CONSTRAINT artwork_mime_type_check CHECK ((char_length(mime_type) <= 100)),
    CONSTRAINT artwork_size_bytes_check CHECK ((size_bytes > 0)),
    CONSTRAINT artwork_width_px_check CHECK ((width_px > 0))
);

CREATE TABLE public.audio_file (
    id uuid NOT NULL,
    track_id uuid NOT NULL,
    "position" smallint NOT NULL,
    library_id uuid NOT NULL,
    uri text NOT NULL,
    size_bytes bigint,
    mime_type text,
    format text,
    codec text,
    duration_ms integer,
    sample_rate_hz integer,
    channels smallint,
    bit_depth smallint,
    bitrate_bps bigint,
    modified_at timestamp with time zone,
    content_hash text,
    audio_hash text,
    missing_at timestamp with time zone,
    is_live boolean DEFAULT true NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audio_file_audio_hash_check CHECK ((char_length(audio_hash) <= 200)),
    CONSTRAINT audio_file_bit_depth_check CHECK ((bit_depth > 0)),
    CONSTRAINT audio_file_bitrate_bps_check CHECK ((bitrate_bps > 0)),
    CONSTRAINT audio_file_channels_check CHECK ((channels > 0)),
    CONSTRAINT audio_file_codec_check CHECK ((char_length(codec) <= 50)),
    CONSTRAINT audio_file_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT audio_file_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT audio_file_format_check CHECK ((char_length(format) <= 50)),
    CONSTRAINT audio_file_mime_type_check CHECK ((char_length(mime_type) <= 100)),
    CONSTRAINT audio_file_position_check CHECK (("position" >= 0)),
    CONSTRAINT audio_file_sample_rate_hz_check CHECK ((sample_rate_hz > 0)),
    CONSTRAINT audio_file_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT audio_file_uri_check CHECK (((uri ~ '^(file|gs|s3|https)://'::text) AND (char_length(uri) <= 4000)))
);

COMMENT ON COLUMN public.audio_file.written_at IS 'When this row was stored: a scan that began before cannot say that the file is missing.';

CREATE TABLE public.common_word (
    word text NOT NULL COLLATE pg_catalog."C",
    share real NOT NULL,
    CONSTRAINT common_word_share_check CHECK ((share > (0)::double precision))
);

COMMENT ON TABLE public.common_word IS 'The words that many tracks have, as upkeep found them in the statistics.';

COMMENT ON COLUMN public.common_word.share IS 'What part of all tracks has the word, 0 to 1.';

CREATE TABLE public.credit_review (
    name text NOT NULL COLLATE pg_catalog."C",
    name_key text GENERATED ALWAYS AS ("left"(public.fold(name), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    names text[],
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT credit_review_decision CHECK (((names IS NULL) = (decided_at IS NULL))),
    CONSTRAINT credit_review_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 500))),
    CONSTRAINT credit_review_names_check CHECK ((cardinality(names) > 0))
);

COMMENT ON COLUMN public.credit_review.names IS 'What somebody has decided: the names that stand in it, or it alone when it is one. Empty: not decided.';

CREATE TABLE public.file_artwork (
    content_hash text NOT NULL COLLATE pg_catalog."C",
    "position" smallint NOT NULL,
    hash text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    origin text NOT NULL,
    linked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT file_artwork_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT file_artwork_origin_check CHECK ((origin = ANY (ARRAY['EMBEDDED'::text, 'FOLDER'::text]))),
    CONSTRAINT file_artwork_position_check CHECK (("position" >= 0)),
    CONSTRAINT file_artwork_type_check CHECK (((type <> ''::text) AND (char_length(type) <= 50)))
);

CREATE TABLE public.file_reading (
    id uuid NOT NULL,
    library_id uuid NOT NULL,
    scan_id uuid NOT NULL,
    uri text NOT NULL,
    track_id uuid,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    lease_id uuid,
    failure text,
    CONSTRAINT file_reading_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT file_reading_failure_check CHECK ((char_length(failure) <= 2000)),
    CONSTRAINT file_reading_uri_check CHECK ((char_length(uri) <= 4000))
);

COMMENT ON COLUMN public.file_reading.track_id IS 'The pending track that was made for the file; NULL for a changed file of a known track.';

COMMENT ON COLUMN public.file_reading.failure IS 'Why it was given up. Such a row is out of the queue and stays for the scan that asks for it.';

CREATE TABLE public.file_scan (
    id uuid NOT NULL,
    library_id uuid NOT NULL,
    checked bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    missing bigint DEFAULT 0 NOT NULL,
    returned bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.file_seen (
    scan_id uuid NOT NULL,
    file_id uuid NOT NULL,
    is_unchanged boolean NOT NULL
);

ALTER TABLE public.genre ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.genre_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.library (
    id uuid NOT NULL,
    name text NOT NULL,
    source_folder text DEFAULT ''::text NOT NULL,
    processing_strategy text DEFAULT ''::text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT library_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 200))),
    CONSTRAINT library_processing_strategy_check CHECK ((char_length(processing_strategy) <= 100)),
    CONSTRAINT library_source_folder_check CHECK ((char_length(source_folder) <= 4000))
);

COMMENT ON TABLE public.library IS 'Boundary of ownership: every track, file and playlist belongs to one.';

CREATE TABLE public.name_search (
    subject uuid NOT NULL,
    "position" smallint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    library_id uuid,
    popularity real NOT NULL,
    tier smallint GENERATED ALWAYS AS (
CASE
    WHEN ((kind = ANY (ARRAY['PLAYLIST'::text, 'GENRE'::text])) OR (popularity >= (50)::double precision)) THEN 0
    ELSE 1
END) STORED NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    words tsvector NOT NULL,
    name text NOT NULL,
    CONSTRAINT name_search_check CHECK (((kind = 'PLAYLIST'::text) OR (library_id IS NULL))),
    CONSTRAINT name_search_kind_check CHECK ((kind = ANY (ARRAY['ARTIST'::text, 'ALBUM'::text, 'PLAYLIST'::text, 'GENRE'::text])))
);

COMMENT ON COLUMN public.name_search.subject IS 'The id of the artist, album or playlist; of a genre its number in the form of a UUID.';

COMMENT ON COLUMN public.name_search."position" IS '0 for the name itself, then the aliases.';

COMMENT ON COLUMN public.name_search.popularity IS 'Of a playlist by its length; else the highest of the tracks: raised with them, lowered by upkeep, but for genres.';

COMMENT ON COLUMN public.name_search.tier IS '0 for what is looked through first: what is popular, and all playlists and genres. 1 for the rest.';

COMMENT ON COLUMN public.name_search.words IS 'Weight A: the name, B: the artists of an album.';

CREATE TABLE public.playlist_item (
    id uuid NOT NULL,
    playlist_id uuid NOT NULL,
    rank bigint NOT NULL,
    track_id uuid NOT NULL,
    added_by text DEFAULT ''::text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT playlist_item_added_by_check CHECK ((char_length(added_by) <= 200))
);

COMMENT ON COLUMN public.playlist_item.rank IS 'Order within the playlist, with gaps, so that an insertion touches its own rows only. Never shown.';

CREATE TABLE public.request (
    id uuid NOT NULL,
    method text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.request.fingerprint IS 'SHA-256 of the request: the same id with another request is refused.';

COMMENT ON COLUMN public.request.response IS 'The serialized response; written in the transaction of the change itself.';

CREATE TABLE public.search_upkeep (
    is_only boolean DEFAULT true NOT NULL,
    stage text NOT NULL,
    "position" text NOT NULL,
    is_rebuild boolean DEFAULT false NOT NULL,
    looked_at bigint DEFAULT 0 NOT NULL,
    mended bigint DEFAULT 0 NOT NULL,
    fold_version integer NOT NULL,
    round_fold_version integer NOT NULL,
    round_ended_at timestamp with time zone,
    weighed_at timestamp with time zone,
    CONSTRAINT search_upkeep_is_only_check CHECK (is_only),
    CONSTRAINT search_upkeep_stage_check CHECK ((stage = ANY (ARRAY['genres'::text, 'artists'::text, 'credits'::text, 'albums'::text, 'titles'::text, 'entries'::text, 'names'::text, 'words'::text])))
);

COMMENT ON COLUMN public.search_upkeep."position" IS 'The last row of the stage that was looked at.';

COMMENT ON COLUMN public.search_upkeep.looked_at IS 'Rows looked at in this round.';

COMMENT ON COLUMN public.search_upkeep.mended IS 'Faults found and mended in this round.';

COMMENT ON COLUMN public.search_upkeep.fold_version IS 'The fold by which everything has been folded.';

COMMENT ON COLUMN public.search_upkeep.round_fold_version IS 'The fold by which this round folds.';

COMMENT ON COLUMN public.search_upkeep.round_ended_at IS 'When everything had last been looked at.';

COMMENT ON COLUMN public.search_upkeep.weighed_at IS 'When common words had last been looked for.';

CREATE TABLE public.search_word (
    word text NOT NULL COLLATE pg_catalog."C",
    tier smallint DEFAULT 9 NOT NULL,
    deletions integer[] DEFAULT '{}'::integer[] NOT NULL
)
WITH (fillfactor='70');

COMMENT ON COLUMN public.search_word.tier IS 'The best tier of the tracks that have, or had, the word.';

CREATE TABLE public.server_secret (
    name text NOT NULL,
    value bytea NOT NULL
);

COMMENT ON TABLE public.server_secret IS 'Keys with which servers sign what they hand out, such as page tokens.';

CREATE TABLE public.track (
    id uuid NOT NULL,
    library_id uuid NOT NULL,
    title text NOT NULL,
    title_key text GENERATED ALWAYS AS ("left"(public.fold(title), 300)) STORED NOT NULL COLLATE pg_catalog."C",
    credit_id uuid,
    album_id uuid,
    disc_number smallint,
    disc_total smallint,
    track_number smallint,
    track_total smallint,
    release_date public.partial_date,
    original_release_date public.partial_date,
    duration_ms integer,
    isrc text,
    mbid uuid,
    lyrics text,
    language text,
    explicit boolean,
    tempo_bpm double precision,
    key smallint,
    mode text,
    time_signature smallint,
    loudness_lufs double precision,
    energy double precision,
    danceability double precision,
    valence double precision,
    acousticness double precision,
    instrumentalness double precision,
    liveness double precision,
    speechiness double precision,
    popularity double precision,
    status text NOT NULL,
    failure_reason text,
    label text,
    comment text,
    document bytea NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    merged_into uuid,
    origin_kind text,
    origin_name text,
    CONSTRAINT track_acousticness_check CHECK (((acousticness >= (0)::double precision) AND (acousticness <= (1)::double precision))),
    CONSTRAINT track_comment_check CHECK ((char_length(comment) <= 10000)),
    CONSTRAINT track_danceability_check CHECK (((danceability >= (0)::double precision) AND (danceability <= (1)::double precision))),
    CONSTRAINT track_disc_number_check CHECK (((disc_number >= 1) AND (disc_number <= 9999))),
    CONSTRAINT track_disc_total_check CHECK (((disc_total >= 1) AND (disc_total <= 9999))),
    CONSTRAINT track_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT track_energy_check CHECK (((energy >= (0)::double precision) AND (energy <= (1)::double precision))),
    CONSTRAINT track_failure_reason CHECK (((status = 'FAILED'::text) OR (failure_reason IS NULL))),
    CONSTRAINT track_failure_reason_check CHECK ((char_length(failure_reason) <= 2000)),
    CONSTRAINT track_instrumentalness_check CHECK (((instrumentalness >= (0)::double precision) AND (instrumentalness <= (1)::double precision))),
    CONSTRAINT track_isrc_check CHECK ((isrc ~ '^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$'::text)),
    CONSTRAINT track_key_check CHECK (((key >= 0) AND (key <= 11))),
    CONSTRAINT track_label_check CHECK ((char_length(label) <= 500)),
    CONSTRAINT track_language_check CHECK ((char_length(language) <= 35)),
    CONSTRAINT track_liveness_check CHECK (((liveness >= (0)::double precision) AND (liveness <= (1)::double precision))),
    CONSTRAINT track_loudness_lufs_check CHECK (((loudness_lufs >= ('-100'::integer)::double precision) AND (loudness_lufs <= (20)::double precision))),
    CONSTRAINT track_lyrics_check CHECK ((char_length(lyrics) <= 100000)),
    CONSTRAINT track_merged_is_deleted CHECK (((merged_into IS NULL) OR (deleted_at IS NOT NULL))),
    CONSTRAINT track_mode_check CHECK ((mode = ANY (ARRAY['MAJOR'::text, 'MINOR'::text]))),
    CONSTRAINT track_origin_kind_check CHECK ((origin_kind = ANY (ARRAY['TAG'::text, 'IMPORT'::text, 'USER'::text, 'RULE'::text]))),
    CONSTRAINT track_origin_name_check CHECK ((char_length(origin_name) <= 600)),
    CONSTRAINT track_popularity_check CHECK (((popularity >= (0)::double precision) AND (popularity <= (100)::double precision))),
    CONSTRAINT track_speechiness_check CHECK (((speechiness >= (0)::double precision) AND (speechiness <= (1)::double precision))),
    CONSTRAINT track_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'PROCESSING'::text, 'COMPLETED'::text, 'FAILED'::text]))),
    CONSTRAINT track_tempo_bpm_check CHECK (((tempo_bpm > (0)::double precision) AND (tempo_bpm <= (1000)::double precision))),
    CONSTRAINT track_time_signature_check CHECK (((time_signature >= 1) AND (time_signature <= 32))),
    CONSTRAINT track_title_check CHECK (((title <> ''::text) AND (char_length(title) <= 1000))),
    CONSTRAINT track_track_number_check CHECK (((track_number >= 1) AND (track_number <= 9999))),
    CONSTRAINT track_track_total_check CHECK (((track_total >= 1) AND (track_total <= 9999))),
    CONSTRAINT track_valence_check CHECK (((valence >= (0)::double precision) AND (valence <= (1)::double precision)))
);

COMMENT ON COLUMN public.track.document IS 'The track as a serialized fonoteca.v1.Track: what reads return. Written with the row, from the same values.';

COMMENT ON COLUMN public.track.merged_into IS 'The live or deleted track that this id leads to: the end of the chain when it was merged on.';

COMMENT ON COLUMN public.track.origin_kind IS 'What kind of source said, at created_at, what all fields are that have no track_change. Empty: not known.';

CREATE TABLE public.track_attribute (
    track_id uuid NOT NULL,
    "position" smallint NOT NULL,
    key text NOT NULL,
    text_value text,
    number_value double precision,
    integer_value bigint,
    flag_value boolean,
    time_value timestamp with time zone,
    source text,
    confidence double precision,
    CONSTRAINT track_attribute_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT track_attribute_key_check CHECK (((key <> ''::text) AND (char_length(key) <= 100))),
    CONSTRAINT track_attribute_one_value CHECK ((num_nonnulls(text_value, number_value, integer_value, flag_value, time_value) = 1)),
    CONSTRAINT track_attribute_position_check CHECK (("position" >= 0)),
    CONSTRAINT track_attribute_source_check CHECK ((char_length(source) <= 100)),
    CONSTRAINT track_attribute_text_value_check CHECK ((char_length(text_value) <= 10000))
);

CREATE TABLE public.track_change (
    track_id uuid NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    confidence double precision,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    before bytea NOT NULL,
    was_locked boolean NOT NULL,
    CONSTRAINT track_change_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT track_change_field_check CHECK (((char_length(field) >= 1) AND (char_length(field) <= 50))),
    CONSTRAINT track_change_kind_check CHECK ((kind = ANY (ARRAY['TAG'::text, 'IMPORT'::text, 'USER'::text, 'RULE'::text]))),
    CONSTRAINT track_change_name_check CHECK ((char_length(name) <= 600)),
    CONSTRAINT track_change_number_check CHECK ((number > 0))
);

COMMENT ON COLUMN public.track_change.before IS 'The field before the change: a serialized fonoteca.v1.Track that has nothing else.';

CREATE TABLE public.track_conflict (
    id uuid NOT NULL,
    track_id uuid NOT NULL,
    library_id uuid NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    name text NOT NULL,
    confidence double precision,
    said bytea NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    dismissed_at timestamp with time zone,
    CONSTRAINT track_conflict_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT track_conflict_field_check CHECK (((char_length(field) >= 1) AND (char_length(field) <= 50))),
    CONSTRAINT track_conflict_kind_check CHECK ((kind = ANY (ARRAY['TAG'::text, 'IMPORT'::text, 'USER'::text, 'RULE'::text]))),
    CONSTRAINT track_conflict_name_check CHECK ((char_length(name) <= 600))
);

COMMENT ON COLUMN public.track_conflict.said IS 'What is said: a serialized fonoteca.v1.Track that has nothing but the field.';

CREATE TABLE public.track_genre (
    track_id uuid NOT NULL,
    "position" smallint NOT NULL,
    genre_id integer NOT NULL,
    CONSTRAINT track_genre_position_check CHECK (("position" >= 0))
);

CREATE TABLE public.track_lock (
    track_id uuid NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    locked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT track_lock_field_check CHECK (((char_length(field) >= 1) AND (char_length(field) <= 50)))
);

CREATE TABLE public.track_lyrics (
    track_id uuid NOT NULL,
    library_id uuid NOT NULL,
    tier smallint NOT NULL,
    lyrics tsvector NOT NULL,
    words tsvector NOT NULL
);

COMMENT ON COLUMN public.track_lyrics.tier IS 'As that of track_search.';

COMMENT ON COLUMN public.track_lyrics.lyrics IS 'The words of the lyrics, without positions.';

COMMENT ON COLUMN public.track_lyrics.words IS 'These and the words of track_search: a query may have some of the name and some of the song.';

CREATE TABLE public.track_merge (
    track_id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    given bytea NOT NULL,
    merged_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.track_merge.survivor_id IS 'The track that it was merged into, which may have been merged into another one since.';

COMMENT ON COLUMN public.track_merge.given IS 'What the survivor got from it, as a serialized fonoteca.v1.Track.';

CREATE TABLE public.track_merge_item (
    track_id uuid NOT NULL,
    item_id uuid NOT NULL,
    playlist_id uuid NOT NULL,
    rank bigint NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    dropped_for uuid
);

COMMENT ON COLUMN public.track_merge_item.dropped_for IS 'The item that its list kept instead; empty when it was not dropped.';

CREATE TABLE public.track_search (
    track_id uuid NOT NULL,
    library_id uuid NOT NULL,
    tier smallint NOT NULL,
    popularity real NOT NULL,
    title_key text NOT NULL COLLATE pg_catalog."C",
    artist_key text NOT NULL COLLATE pg_catalog."C",
    words tsvector NOT NULL,
    title_size smallint DEFAULT 0 NOT NULL,
    artist_size smallint DEFAULT 0 NOT NULL,
    album_size smallint DEFAULT 0 NOT NULL,
    title_typed integer DEFAULT 0 NOT NULL,
    artist_typed integer DEFAULT 0 NOT NULL,
    album_named integer DEFAULT 0 NOT NULL,
    CONSTRAINT track_search_tier_check CHECK (((tier >= 0) AND (tier <= 3)))
);

COMMENT ON COLUMN public.track_search.tier IS 'search_tier: where common words are looked up first.';

COMMENT ON COLUMN public.track_search.words IS 'Weight A: title, B: artists, C: album, D: genres.';

COMMENT ON COLUMN public.track_search.title_size IS 'How many distinct words the title has.';

COMMENT ON COLUMN public.track_search.artist_size IS 'How many distinct words the displayed artists have.';

COMMENT ON COLUMN public.track_search.album_size IS 'How many distinct words the album title has.';

COMMENT ON COLUMN public.track_search.title_typed IS 'typed_hash of the title.';

COMMENT ON COLUMN public.track_search.artist_typed IS 'typed_hash of the artists as displayed.';

COMMENT ON COLUMN public.track_search.album_named IS 'hashtext of artists and album title, folded.';

CREATE TABLE public.track_source (
    track_id uuid NOT NULL,
    "position" smallint NOT NULL,
    library_id uuid NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    external_id text NOT NULL COLLATE pg_catalog."C",
    uri text,
    unavailable boolean DEFAULT false NOT NULL,
    synced_at timestamp with time zone,
    fingerprint bytea,
    is_live boolean DEFAULT true NOT NULL,
    CONSTRAINT track_source_external_id_check CHECK (((external_id <> ''::text) AND (char_length(external_id) <= 500))),
    CONSTRAINT track_source_position_check CHECK (("position" >= 0)),
    CONSTRAINT track_source_type_check CHECK (((type <> ''::text) AND (char_length(type) <= 50))),
    CONSTRAINT track_source_uri_check CHECK ((char_length(uri) <= 2000))
);

COMMENT ON COLUMN public.track_source.fingerprint IS 'Hash of what the last import from this source said: when it says the same again, there is nothing to do.';

CREATE TABLE public.track_task (
    track_id uuid NOT NULL,
    library_id uuid NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    lease_id uuid,
    CONSTRAINT track_task_attempts_check CHECK ((attempts >= 0))
);

COMMENT ON COLUMN public.track_task.available_at IS 'When it may be claimed (again): at once while it is pending, at the end of the lease while it is processed.';

CREATE TABLE public.unreferenced (
    kind text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.unreferenced IS 'What a purge has found without a reference, and has not found with one since.';

COMMENT ON COLUMN public.unreferenced.key IS 'The id of an album or artist, the hash of a picture or of the file of a link, the address of a sent file.';

ALTER TABLE ONLY public.album_cover
    ADD CONSTRAINT album_cover_pkey PRIMARY KEY (album_id, "position");

ALTER TABLE ONLY public.album_folder
    ADD CONSTRAINT album_folder_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.album_merge_folder
    ADD CONSTRAINT album_merge_folder_pkey PRIMARY KEY (album_id, key);

ALTER TABLE ONLY public.album_merge
    ADD CONSTRAINT album_merge_pkey PRIMARY KEY (album_id);

ALTER TABLE ONLY public.album_merge_track
    ADD CONSTRAINT album_merge_track_pkey PRIMARY KEY (album_id, track_id);

ALTER TABLE ONLY public.album
    ADD CONSTRAINT album_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.album_source
    ADD CONSTRAINT album_source_pkey PRIMARY KEY (album_id, "position");

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.artist_alias
    ADD CONSTRAINT artist_alias_pkey PRIMARY KEY (artist_id, "position");

ALTER TABLE ONLY public.artist_credit_name
    ADD CONSTRAINT artist_credit_name_pkey PRIMARY KEY (credit_id, "position");

ALTER TABLE ONLY public.artist_credit
    ADD CONSTRAINT artist_credit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.artist_link
    ADD CONSTRAINT artist_link_pkey PRIMARY KEY (artist_id, "position");

ALTER TABLE ONLY public.artist_merge_name
    ADD CONSTRAINT artist_merge_name_pkey PRIMARY KEY (artist_id, subject, "position");

ALTER TABLE ONLY public.artist_merge
    ADD CONSTRAINT artist_merge_pkey PRIMARY KEY (artist_id);

ALTER TABLE ONLY public.artist
    ADD CONSTRAINT artist_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.artist_source
    ADD CONSTRAINT artist_source_pkey PRIMARY KEY (artist_id, "position");

ALTER TABLE ONLY public.artwork
    ADD CONSTRAINT artwork_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.audio_file
    ADD CONSTRAINT audio_file_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.common_word
    ADD CONSTRAINT common_word_pkey PRIMARY KEY (word);

ALTER TABLE ONLY public.credit_review
    ADD CONSTRAINT credit_review_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.file_artwork
    ADD CONSTRAINT file_artwork_pkey PRIMARY KEY (content_hash, "position");

ALTER TABLE ONLY public.file_reading
    ADD CONSTRAINT file_reading_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.file_scan
    ADD CONSTRAINT file_scan_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.file_seen
    ADD CONSTRAINT file_seen_pkey PRIMARY KEY (scan_id, file_id);

ALTER TABLE ONLY public.genre
    ADD CONSTRAINT genre_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.library
    ADD CONSTRAINT library_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.name_search
    ADD CONSTRAINT name_search_pkey PRIMARY KEY (subject, "position");

ALTER TABLE ONLY public.playlist_item
    ADD CONSTRAINT playlist_item_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.playlist_item
    ADD CONSTRAINT playlist_item_rank_key UNIQUE (playlist_id, rank) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.playlist
    ADD CONSTRAINT playlist_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.search_upkeep
    ADD CONSTRAINT search_upkeep_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY public.search_word
    ADD CONSTRAINT search_word_pkey PRIMARY KEY (word);

ALTER TABLE ONLY public.server_secret
    ADD CONSTRAINT server_secret_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.track_attribute
    ADD CONSTRAINT track_attribute_pkey PRIMARY KEY (track_id, "position");

ALTER TABLE ONLY public.track_change
    ADD CONSTRAINT track_change_pkey PRIMARY KEY (track_id, field, number);

ALTER TABLE ONLY public.track_conflict
    ADD CONSTRAINT track_conflict_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.track_genre
    ADD CONSTRAINT track_genre_pkey PRIMARY KEY (track_id, "position");

ALTER TABLE ONLY public.track_lock
    ADD CONSTRAINT track_lock_pkey PRIMARY KEY (track_id, field);

ALTER TABLE ONLY public.track_lyrics
    ADD CONSTRAINT track_lyrics_pkey PRIMARY KEY (track_id);

ALTER TABLE ONLY public.track_merge_item
    ADD CONSTRAINT track_merge_item_pkey PRIMARY KEY (track_id, item_id);

ALTER TABLE ONLY public.track_merge
    ADD CONSTRAINT track_merge_pkey PRIMARY KEY (track_id);

ALTER TABLE ONLY public.track
    ADD CONSTRAINT track_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.track_search
    ADD CONSTRAINT track_search_pkey PRIMARY KEY (track_id);

ALTER TABLE ONLY public.track_source
    ADD CONSTRAINT track_source_pkey PRIMARY KEY (track_id, "position");

ALTER TABLE ONLY public.track_task
    ADD CONSTRAINT track_task_pkey PRIMARY KEY (track_id);

ALTER TABLE ONLY public.unreferenced
    ADD CONSTRAINT unreferenced_pkey PRIMARY KEY (kind, key);

CREATE INDEX album_barcode_idx ON public.album USING btree (ltrim(barcode, '0'::text) COLLATE "C") WHERE (barcode <> ''::text);

CREATE INDEX album_cover_hash_idx ON public.album_cover USING btree ("right"(uri, 64) COLLATE "C");

CREATE INDEX album_credit_idx ON public.album USING btree (credit_id);

CREATE INDEX album_folder_album_idx ON public.album_folder USING btree (album_id);

CREATE UNIQUE INDEX album_grouping_key ON public.album USING btree (grouping_key) WHERE (grouping_key IS NOT NULL);

CREATE UNIQUE INDEX album_mbid_key ON public.album USING btree (mbid) WHERE (mbid IS NOT NULL);

CREATE INDEX album_merge_covers_idx ON public.album_merge USING gin (cover_hashes);

CREATE INDEX album_merge_given_ids_idx ON public.album_merge USING gin (public.ids_in(given));

CREATE INDEX album_merge_grouping_idx ON public.album_merge USING btree (grouping_key) WHERE (grouping_key IS NOT NULL);

CREATE INDEX album_merge_ids_idx ON public.album_merge USING gin (public.ids_in(album));

CREATE INDEX album_merge_leads_to_idx ON public.album_merge USING btree (leads_to, album_id);

CREATE INDEX album_merge_mbid_idx ON public.album_merge USING btree (mbid) WHERE (mbid IS NOT NULL);

CREATE INDEX album_merge_survivor_idx ON public.album_merge USING btree (survivor_id);

CREATE INDEX album_merge_track_idx ON public.album_merge_track USING btree (track_id);

CREATE UNIQUE INDEX album_source_external_key ON public.album_source USING btree (type, external_id);

CREATE INDEX album_title_key_idx ON public.album USING btree (title_key, id);

CREATE INDEX album_words_idx ON public.album USING gin (words);

CREATE INDEX artist_alias_name_key_idx ON public.artist_alias USING btree (name_key, artist_id);

CREATE UNIQUE INDEX artist_alias_primary_key ON public.artist_alias USING btree (artist_id, locale) WHERE is_primary;

CREATE INDEX artist_credit_name_artist_idx ON public.artist_credit_name USING btree (artist_id, credit_id);

CREATE INDEX artist_credit_names_idx ON public.artist_credit USING btree ("left"(names_key, 300) COLLATE "C");

CREATE INDEX artist_credit_words_idx ON public.artist_credit USING gin (words);

CREATE INDEX artist_letters_idx ON public.artist USING btree (public.name_letters(name_key));

CREATE UNIQUE INDEX artist_mbid_key ON public.artist USING btree (mbid) WHERE (mbid IS NOT NULL);

CREATE INDEX artist_merge_leads_to_idx ON public.artist_merge USING btree (leads_to, artist_id);

CREATE INDEX artist_merge_name_key_idx ON public.artist_merge USING btree (name_key);

CREATE INDEX artist_merge_survivor_idx ON public.artist_merge USING btree (survivor_id);

CREATE UNIQUE INDEX artist_name_key ON public.artist USING btree (name_key, disambiguation);

CREATE UNIQUE INDEX artist_source_external_key ON public.artist_source USING btree (type, external_id);

CREATE INDEX audio_file_address_idx ON public.audio_file USING btree (library_id, "left"(uri, 500) COLLATE "C", id) WHERE is_live;

CREATE INDEX audio_file_audio_hash_idx ON public.audio_file USING btree (audio_hash, library_id) WHERE (audio_hash IS NOT NULL);

CREATE INDEX audio_file_content_hash_idx ON public.audio_file USING btree (content_hash, library_id) WHERE (content_hash IS NOT NULL);

CREATE INDEX audio_file_missing_idx ON public.audio_file USING btree (library_id, "left"(uri, 500) COLLATE "C", id) WHERE (is_live AND (missing_at IS NOT NULL));

CREATE UNIQUE INDEX audio_file_position_key ON public.audio_file USING btree (track_id, "position");

CREATE UNIQUE INDEX audio_file_uri_key ON public.audio_file USING btree (md5(uri), library_id) WHERE (is_live AND (missing_at IS NULL));

CREATE INDEX credit_review_key_idx ON public.credit_review USING btree (name_key);

CREATE INDEX credit_review_open_idx ON public.credit_review USING btree (name) WHERE (decided_at IS NULL);

CREATE INDEX file_artwork_hash_idx ON public.file_artwork USING btree (hash);

CREATE INDEX file_reading_available_idx ON public.file_reading USING btree (available_at, id) WHERE (failure IS NULL);

CREATE INDEX file_reading_scan_idx ON public.file_reading USING btree (scan_id, id);

CREATE INDEX file_reading_track_idx ON public.file_reading USING btree (track_id) WHERE (track_id IS NOT NULL);

CREATE UNIQUE INDEX file_reading_uri_key ON public.file_reading USING btree (md5(uri), library_id);

CREATE INDEX file_scan_started_idx ON public.file_scan USING btree (started_at);

CREATE UNIQUE INDEX genre_name_key ON public.genre USING btree (name_key);

CREATE INDEX genre_parent_idx ON public.genre USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE UNIQUE INDEX library_name_key ON public.library USING btree (lower((name COLLATE public.unicode_case)));

CREATE INDEX name_search_key_idx ON public.name_search USING btree (kind, name_key, popularity DESC, subject);

CREATE INDEX name_search_letter_idx ON public.name_search USING btree (kind, "left"(name_key, 1), popularity DESC, char_length(name_key), subject, name_key) WHERE (tier = 0);

CREATE INDEX name_search_letters_idx ON public.name_search USING btree (kind, "left"(name_key, 3), popularity DESC, char_length(name_key), subject, name_key) WHERE (tier = 0);

CREATE INDEX name_search_words_idx ON public.name_search USING gin (words) WITH (gin_pending_list_limit='128');

CREATE INDEX name_search_words_tier_0_idx ON public.name_search USING gin (words) WITH (gin_pending_list_limit='128') WHERE (tier = 0);

CREATE INDEX playlist_item_track_idx ON public.playlist_item USING btree (track_id, playlist_id);

CREATE INDEX playlist_library_idx ON public.playlist USING btree (library_id, id);

CREATE INDEX playlist_owner_idx ON public.playlist USING btree (owner, id) WHERE (owner <> ''::text);

CREATE INDEX playlist_tags_idx ON public.playlist USING gin (tags) WITH (fastupdate=off);

CREATE INDEX request_created_at_idx ON public.request USING btree (created_at);

CREATE INDEX search_word_deletions_idx ON public.search_word USING gin (deletions) WITH (gin_pending_list_limit='64');

CREATE INDEX search_word_trigram_idx ON public.search_word USING gin (word public.gin_trgm_ops) WITH (gin_pending_list_limit='256');

CREATE INDEX track_album_idx ON public.track USING btree (album_id, library_id) WHERE (album_id IS NOT NULL);

CREATE INDEX track_attribute_key_idx ON public.track_attribute USING btree (key, track_id);

CREATE INDEX track_conflict_library_idx ON public.track_conflict USING btree (library_id, id);

CREATE UNIQUE INDEX track_conflict_source_key ON public.track_conflict USING btree (track_id, field, kind, (
CASE
    WHEN (kind = 'TAG'::text) THEN ''::text
    ELSE name
END));

CREATE INDEX track_credit_idx ON public.track USING btree (credit_id, library_id);

CREATE INDEX track_deleted_idx ON public.track USING btree (library_id, id) WHERE ((deleted_at IS NOT NULL) AND (merged_into IS NULL));

CREATE INDEX track_duration_idx ON public.track USING btree (library_id, COALESCE(duration_ms, '-1'::integer), id);

CREATE UNIQUE INDEX track_genre_key ON public.track_genre USING btree (genre_id, track_id);

CREATE INDEX track_isrc_idx ON public.track USING btree (isrc) WHERE (isrc IS NOT NULL);

CREATE INDEX track_library_idx ON public.track USING btree (library_id, id);

CREATE INDEX track_lyrics_words_idx ON public.track_lyrics USING gin (words);

CREATE INDEX track_lyrics_words_tier_0_idx ON public.track_lyrics USING gin (words) WHERE (tier = 0);

CREATE INDEX track_lyrics_words_tier_1_idx ON public.track_lyrics USING gin (words) WHERE (tier = 1);

CREATE INDEX track_lyrics_words_tier_2_idx ON public.track_lyrics USING gin (words) WHERE (tier = 2);

CREATE INDEX track_mbid_idx ON public.track USING btree (mbid) WHERE (mbid IS NOT NULL);

CREATE INDEX track_merge_item_playlist_idx ON public.track_merge_item USING btree (playlist_id);

CREATE INDEX track_merge_survivor_idx ON public.track_merge USING btree (survivor_id, track_id);

CREATE INDEX track_merged_into_idx ON public.track USING btree (merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX track_popularity_idx ON public.track USING btree (library_id, COALESCE(popularity, ('-1'::integer)::double precision), id);

CREATE INDEX track_release_date_idx ON public.track USING btree (library_id, COALESCE((release_date)::text, ''::text), id);

CREATE INDEX track_search_artist_idx ON public.track_search USING btree (artist_key, popularity DESC, track_id DESC);

CREATE INDEX track_search_letter_idx ON public.track_search USING btree ("left"(title_key, 1), popularity DESC, char_length(title_key), track_id, title_key) WHERE (popularity >= (60)::double precision);

CREATE INDEX track_search_letters_idx ON public.track_search USING btree ("left"(title_key, 3), popularity DESC, char_length(title_key), track_id, title_key) WHERE (popularity >= (60)::double precision);

CREATE INDEX track_search_title_idx ON public.track_search USING btree (title_key, popularity DESC, track_id DESC);

CREATE INDEX track_search_words_idx ON public.track_search USING gin (words) WITH (gin_pending_list_limit='128');

CREATE INDEX track_search_words_tier_0_idx ON public.track_search USING gin (words) WITH (gin_pending_list_limit='128') WHERE (tier = 0);

CREATE INDEX track_search_words_tier_1_idx ON public.track_search USING gin (words) WITH (gin_pending_list_limit='128') WHERE (tier = 1);

CREATE INDEX track_search_words_tier_2_idx ON public.track_search USING gin (words) WITH (gin_pending_list_limit='128') WHERE (tier = 2);

CREATE UNIQUE INDEX track_source_external_key ON public.track_source USING btree (external_id, type, library_id) WHERE is_live;

CREATE INDEX track_status_idx ON public.track USING btree (library_id, status, id) WHERE (status <> 'COMPLETED'::text);

CREATE INDEX track_task_available_idx ON public.track_task USING btree (available_at, track_id);

CREATE INDEX track_task_library_idx ON public.track_task USING btree (library_id, available_at, track_id);

CREATE INDEX track_title_idx ON public.track USING btree (library_id, title_key, id);

CREATE INDEX track_unsearched_idx ON public.track USING btree (id) WHERE ((status <> 'COMPLETED'::text) OR (deleted_at IS NOT NULL));

CREATE INDEX track_without_album_idx ON public.track USING btree (library_id, id) WHERE (album_id IS NULL);

CREATE INDEX track_without_credit_idx ON public.track USING btree (library_id, id) WHERE (credit_id IS NULL);

CREATE TRIGGER album_is_gone AFTER DELETE ON public.album FOR EACH ROW EXECUTE FUNCTION public.name_is_gone();

CREATE TRIGGER album_is_new AFTER INSERT ON public.album REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.albums_are_new();

CREATE TRIGGER album_is_renamed AFTER UPDATE ON public.album FOR EACH ROW WHEN (((old.title IS DISTINCT FROM new.title) OR (old.credit_id IS DISTINCT FROM new.credit_id))) EXECUTE FUNCTION public.album_is_renamed();

CREATE TRIGGER album_touch BEFORE UPDATE ON public.album FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER artist_alias_is_gone AFTER DELETE ON public.artist_alias FOR EACH ROW EXECUTE FUNCTION public.alias_is_gone();

CREATE TRIGGER artist_alias_is_new AFTER INSERT ON public.artist_alias REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.aliases_are_new();

CREATE TRIGGER artist_credit_is_renamed AFTER UPDATE ON public.artist_credit FOR EACH ROW WHEN ((old.words IS DISTINCT FROM new.words)) EXECUTE FUNCTION public.credit_is_renamed();

CREATE TRIGGER artist_is_gone AFTER DELETE ON public.artist FOR EACH ROW EXECUTE FUNCTION public.name_is_gone();

CREATE TRIGGER artist_is_new AFTER INSERT ON public.artist REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.artists_are_new();

CREATE TRIGGER artist_is_renamed AFTER UPDATE ON public.artist FOR EACH ROW WHEN ((old.name IS DISTINCT FROM new.name)) EXECUTE FUNCTION public.artist_is_renamed();

CREATE TRIGGER artist_touch BEFORE UPDATE ON public.artist FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER genre_is_new AFTER INSERT ON public.genre REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.genres_are_new();

CREATE TRIGGER library_touch BEFORE UPDATE ON public.library FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER playlist_is_changed AFTER UPDATE ON public.playlist FOR EACH ROW WHEN (((((old.name IS DISTINCT FROM new.name) OR (old.library_id IS DISTINCT FROM new.library_id)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at)) OR (public.playlist_popularity(old.item_count) IS DISTINCT FROM public.playlist_popularity(new.item_count)))) EXECUTE FUNCTION public.playlist_is_changed();

CREATE TRIGGER playlist_is_gone AFTER DELETE ON public.playlist FOR EACH ROW EXECUTE FUNCTION public.name_is_gone();

CREATE TRIGGER playlist_is_new AFTER INSERT ON public.playlist FOR EACH ROW EXECUTE FUNCTION public.playlist_is_changed();

CREATE TRIGGER playlist_touch BEFORE UPDATE ON public.playlist FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER track_search_is_changed AFTER UPDATE ON public.track_search REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tracks_are_popular();

CREATE TRIGGER track_search_is_new AFTER INSERT ON public.track_search REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tracks_are_popular();

CREATE TRIGGER track_touch BEFORE UPDATE ON public.track FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

ALTER TABLE ONLY public.album_cover
    ADD CONSTRAINT album_cover_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album
    ADD CONSTRAINT album_credit_id_fkey FOREIGN KEY (credit_id) REFERENCES public.artist_credit(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.album_folder
    ADD CONSTRAINT album_folder_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album_merge_folder
    ADD CONSTRAINT album_merge_folder_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album_merge(album_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album_merge
    ADD CONSTRAINT album_merge_leads_to_fkey FOREIGN KEY (leads_to) REFERENCES public.album(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album_merge_track
    ADD CONSTRAINT album_merge_track_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album_merge(album_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album_merge_track
    ADD CONSTRAINT album_merge_track_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.album_source
    ADD CONSTRAINT album_source_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_alias
    ADD CONSTRAINT artist_alias_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES public.artist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_credit_name
    ADD CONSTRAINT artist_credit_name_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES public.artist(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.artist_credit_name
    ADD CONSTRAINT artist_credit_name_credit_id_fkey FOREIGN KEY (credit_id) REFERENCES public.artist_credit(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_link
    ADD CONSTRAINT artist_link_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES public.artist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_merge
    ADD CONSTRAINT artist_merge_leads_to_fkey FOREIGN KEY (leads_to) REFERENCES public.artist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_merge_name
    ADD CONSTRAINT artist_merge_name_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES public.artist_merge(artist_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.artist_source
    ADD CONSTRAINT artist_source_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES public.artist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.audio_file
    ADD CONSTRAINT audio_file_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_artwork
    ADD CONSTRAINT file_artwork_hash_fkey FOREIGN KEY (hash) REFERENCES public.artwork(hash) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_reading
    ADD CONSTRAINT file_reading_library_id_fkey FOREIGN KEY (library_id) REFERENCES public.library(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_reading
    ADD CONSTRAINT file_reading_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_scan
    ADD CONSTRAINT file_scan_library_id_fkey FOREIGN KEY (library_id) REFERENCES public.library(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.genre
    ADD CONSTRAINT genre_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.genre(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.playlist_item
    ADD CONSTRAINT playlist_item_playlist_id_fkey FOREIGN KEY (playlist_id) REFERENCES public.playlist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.playlist_item
    ADD CONSTRAINT playlist_item_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.playlist
    ADD CONSTRAINT playlist_library_id_fkey FOREIGN KEY (library_id) REFERENCES public.library(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track
    ADD CONSTRAINT track_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.track_attribute
    ADD CONSTRAINT track_attribute_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_change
    ADD CONSTRAINT track_change_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_conflict
    ADD CONSTRAINT track_conflict_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track
    ADD CONSTRAINT track_credit_id_fkey FOREIGN KEY (credit_id) REFERENCES public.artist_credit(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.track_genre
    ADD CONSTRAINT track_genre_genre_id_fkey FOREIGN KEY (genre_id) REFERENCES public.genre(id) ON DELETE RESTRICT;

ALTER TABLE ONLY public.track_genre
    ADD CONSTRAINT track_genre_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track
    ADD CONSTRAINT track_library_id_fkey FOREIGN KEY (library_id) REFERENCES public.library(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_lock
    ADD CONSTRAINT track_lock_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_merge_item
    ADD CONSTRAINT track_merge_item_playlist_id_fkey FOREIGN KEY (playlist_id) REFERENCES public.playlist(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_merge_item
    ADD CONSTRAINT track_merge_item_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track_merge(track_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_merge
    ADD CONSTRAINT track_merge_survivor_id_fkey FOREIGN KEY (survivor_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_merge
    ADD CONSTRAINT track_merge_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track
    ADD CONSTRAINT track_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_source
    ADD CONSTRAINT track_source_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.track_task
    ADD CONSTRAINT track_task_track_id_fkey FOREIGN KEY (track_id) REFERENCES public.track(id) ON DELETE CASCADE;
