-- Of names and titles that are equally popular the shorter ones come first, also where the index ends the
-- list of a beginning that many have.

DROP INDEX name_search_letter_idx;
CREATE INDEX name_search_letter_idx ON name_search (
    kind, left(name_key, 1), popularity DESC, char_length(name_key), subject, name_key
) WHERE tier = 0;

DROP INDEX name_search_letters_idx;
CREATE INDEX name_search_letters_idx ON name_search (
    kind, left(name_key, 3), popularity DESC, char_length(name_key), subject, name_key
) WHERE tier = 0;

DROP INDEX track_search_letter_idx;
CREATE INDEX track_search_letter_idx ON track_search (
    left(title_key, 1), popularity DESC, char_length(title_key), track_id, title_key
) WHERE popularity >= 60;

DROP INDEX track_search_letters_idx;
CREATE INDEX track_search_letters_idx ON track_search (
    left(title_key, 3), popularity DESC, char_length(title_key), track_id, title_key
) WHERE popularity >= 60;

-- The best tier of a word rises while tracks come in: with room on its page for a new version of the row, no
-- index is written again.
ALTER TABLE search_word SET (fillfactor = 70);

-- Upkeep looks at names, too.
ALTER TABLE search_upkeep DROP CONSTRAINT search_upkeep_stage_check;
ALTER TABLE search_upkeep ADD CONSTRAINT search_upkeep_stage_check CHECK (
    stage IN ('genres', 'artists', 'credits', 'albums', 'titles', 'entries', 'names', 'words')
);

-- The rows that name_search is to have of artists, albums, playlists and genres. Their popularity is that of
-- their tracks, hence NULL, but for playlists.
CREATE FUNCTION public.names_of(subjects uuid []) RETURNS TABLE (
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
