-- Words are only found as they are, and the statistics are asked how common each is.

ALTER TABLE search_upkeep DROP COLUMN weighed_at;
DROP TABLE common_word;

UPDATE search_upkeep
SET fold_version = least(fold_version, 2), round_fold_version = least(round_fold_version, 2);

CREATE OR REPLACE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 2;

DROP FUNCTION public.run_together(text);
DROP FUNCTION public.without_punctuation(text);
