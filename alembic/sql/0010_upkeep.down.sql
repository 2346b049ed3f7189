DROP FUNCTION public.credit_words(uuid);
DROP TABLE search_upkeep;
DROP FUNCTION public.fold_version();
