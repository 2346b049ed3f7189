DROP INDEX artist_credit_names_idx;
DROP INDEX track_without_album_idx;
DROP INDEX track_without_credit_idx;
DROP INDEX track_duration_idx;
