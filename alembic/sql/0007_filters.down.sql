DROP INDEX track_attribute_key_idx;
DROP INDEX track_unsearched_idx;
DROP FUNCTION public.filter_names(text [], boolean []);
DROP FUNCTION public.filter_keys(text []);
DROP FUNCTION public.filter_phrases(text [], boolean []);
DROP FUNCTION public.filter_literal(text);
DROP FUNCTION public.filter_is_exact(text []);
DROP FUNCTION public.filter_query(text [], boolean [], text);
