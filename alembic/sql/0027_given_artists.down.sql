DROP INDEX album_merge_given_ids_idx;
