-- The letters of a name are what counts, however people divide it into words: "acdc" is all of AC/DC.

CREATE OR REPLACE FUNCTION public.name_relevance(name_key text, typed text, popularity real)
RETURNS double precision
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 0.006 * popularity::double precision + CASE
    WHEN starts_with(replace(name_key, ' ', ''), replace(typed, ' ', ''))
        THEN CASE WHEN replace(name_key, ' ', '') = replace(typed, ' ', '') THEN 0.4 ELSE 0.3 END
    WHEN starts_with(name_key, 'the ' || typed) THEN 0.3
    ELSE 0.2
END;
