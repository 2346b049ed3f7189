-- What was merged stays merged.
DROP INDEX album_barcode_idx;
DROP INDEX artist_letters_idx;
DROP FUNCTION public.name_letters(text);
DROP FUNCTION public.grouping_keys(text, uuid);
DROP FUNCTION public.leading_album(uuid);
DROP FUNCTION public.leading_artist(uuid);
DROP TABLE album_merge_folder;
DROP TABLE album_merge_track;
DROP TABLE album_merge;
DROP TABLE artist_merge_name;
DROP TABLE artist_merge;
