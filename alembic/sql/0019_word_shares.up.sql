-- Words are found run together, too; and how common a word is stands beside it.

-- How common each common word is, where a search finds it without asking the statistics.

CREATE TABLE common_word (
    word text COLLATE "C" PRIMARY KEY,
    share real NOT NULL CHECK (share > 0)
);

COMMENT ON TABLE common_word IS 'The words that many tracks have, as upkeep found them in the statistics.';
COMMENT ON COLUMN common_word.share IS 'What part of all tracks has the word, 0 to 1.';

INSERT INTO common_word (word, share)
SELECT g.word, g.share
FROM pg_stats AS s
CROSS JOIN LATERAL unnest(
    s.most_common_elems::text::text [], s.most_common_elem_freqs
) AS g (word, share)
WHERE s.schemaname = current_schema()
    AND s.tablename = 'track_search'
    AND s.attname = 'words'
    AND g.word IS NOT NULL
    AND g.share > 0;

ALTER TABLE search_upkeep ADD COLUMN weighed_at timestamptz;
COMMENT ON COLUMN search_upkeep.weighed_at IS 'When common words had last been looked for.';

-- Each word of a name that holds punctuation, without it: what run_together() is for the names it is for.
CREATE FUNCTION public.without_punctuation(name text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(replace(f.folded, ' ', ''), ' ')
    FROM regexp_split_to_table(name, '\s+') AS g (chunk)
    CROSS JOIN LATERAL (SELECT fold(g.chunk) AS folded OFFSET 0) AS f
    WHERE g.chunk COLLATE public.unicode_case ~ '[[:alnum:]][^[:alnum:]&]+[[:alnum:]]'
        AND f.folded LIKE '% %'
        AND g.chunk !~ '[\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]';
END;

-- The words of a name that punctuation joins, as one word each: "acdc" of "AC/DC", "hiphop" of "Hip-Hop".
-- NULL when there are none. Not where "&" stands for a word, and not of Chinese and Japanese, whose
-- characters are words. Few names have any, so what most need is short enough to become part of a query.
CREATE FUNCTION public.run_together(name text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN name COLLATE public.unicode_case ~ '[[:alnum:]][^[:alnum:][:space:]&]+[[:alnum:]]' THEN without_punctuation(name)
END;

-- What entries hold has changed: upkeep makes them anew.
CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 3;

-- In an empty catalogue there is nothing to make anew.
UPDATE search_upkeep
SET fold_version = 3, round_fold_version = 3
WHERE NOT EXISTS (SELECT FROM track) AND NOT EXISTS (SELECT FROM name_search);
