-- What filters need: functions that prepare the text that people look for, and indexes for their fields.
--
-- The functions take a list of texts, each with a mark whether it may go on after its end. They are
-- immutable, so that the planner calls them once, and sees from the result what is rare and what is
-- common. Text in which fold leaves nothing is dropped: nothing has it.

-- A query for tsvectors that hold all words of one of the texts, whatever their order, with this weight;
-- '' means any.
CREATE FUNCTION public.filter_query(texts text [], prefixes boolean [], weight text) RETURNS tsquery
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(k.query, ' | ')::tsquery
    FROM (
        SELECT (
            SELECT string_agg(
                '''' || left(s.word, 250) || ''':' || weight || CASE
                    -- weighted_words cuts such words in long text, and only there.
                    WHEN char_length(s.word) > 250 THEN '*'
                    WHEN g.is_prefix AND s.ordinal = cardinality(f.split) THEN '*'
                    ELSE ''
                END,
                ' & '
            )
            FROM unnest(f.split) WITH ORDINALITY AS s (word, ordinal)
        ) AS query
        FROM unnest(texts, prefixes) AS g (value, is_prefix)
        CROSS JOIN LATERAL (SELECT string_to_array(fold(g.value), ' ') AS split) AS f
    ) AS k;
END;

-- Whether filter_query says it all, because every text is one word.
CREATE FUNCTION public.filter_is_exact(texts text []) RETURNS boolean
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT bool_and(strpos(f.words, ' ') = 0 AND char_length(f.words) < 250)
    FROM unnest(texts) AS g (value)
    CROSS JOIN LATERAL (SELECT fold(g.value) AS words) AS f;
END;

-- Text as a pattern of LIKE that matches nothing else.
CREATE FUNCTION public.filter_literal(plain text) RETURNS text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
RETURN replace(replace(replace(plain, '\', '\\'), '%', '\%'), '_', '\_');

-- Patterns for ' ' || fold(value) || ' ': the words of a text stand there side by side.
CREATE FUNCTION public.filter_phrases(texts text [], prefixes boolean []) RETURNS text []
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(
        '% ' || filter_literal(f.words) || CASE WHEN g.is_prefix THEN '%' ELSE ' %' END
    )
    FROM unnest(texts, prefixes) AS g (value, is_prefix)
    CROSS JOIN LATERAL (SELECT fold(g.value) AS words) AS f
    WHERE f.words <> '';
END;

-- Keys of names: what the columns name_key and title_key hold.
CREATE FUNCTION public.filter_keys(texts text []) RETURNS text []
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(f.key)
    FROM unnest(texts) AS g (value)
    CROSS JOIN LATERAL (SELECT left(fold(g.value), 300) AS key) AS f
    WHERE f.key <> '';
END;

-- Patterns for keys of names.
CREATE FUNCTION public.filter_names(texts text [], prefixes boolean []) RETURNS text []
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(filter_literal(f.key) || CASE WHEN g.is_prefix THEN '%' ELSE '' END)
    FROM unnest(texts, prefixes) AS g (value, is_prefix)
    CROSS JOIN LATERAL (SELECT left(fold(g.value), 300) AS key) AS f
    WHERE f.key <> '';
END;

-- The tracks that have no row in track_search.
CREATE INDEX track_unsearched_idx ON track (id) WHERE status <> 'COMPLETED' OR deleted_at IS NOT NULL;
CREATE INDEX track_attribute_key_idx ON track_attribute (key, track_id);
