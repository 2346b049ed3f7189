DROP DOMAIN public.partial_date;
DROP FUNCTION public.touch_updated_at();
DROP FUNCTION public.weighted_words(text, text);
DROP FUNCTION public.fold(text);
DROP COLLATION public.unicode_case;
DROP EXTENSION btree_gin;
DROP EXTENSION fuzzystrmatch;
DROP EXTENSION unaccent;
DROP EXTENSION pg_trgm;
