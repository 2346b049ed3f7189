DROP INDEX album_merge_ids_idx;

DROP FUNCTION ids_in(bytea);

DROP TABLE unreferenced;
