DROP INDEX track_deleted_idx;
