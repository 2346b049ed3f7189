CREATE OR REPLACE FUNCTION public.name_relevance(name_key text, typed text, popularity real)
RETURNS double precision
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 0.006 * popularity::double precision + CASE
    WHEN name_key = typed THEN 0.4
    WHEN starts_with(name_key, typed) OR starts_with(name_key, 'the ' || typed) THEN 0.3
    ELSE 0.2
END;
