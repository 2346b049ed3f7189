-- Merged tracks stay deleted.
DROP TABLE track_merge_item;
DROP TABLE track_merge;
DROP INDEX track_merged_into_idx;
ALTER TABLE track DROP COLUMN merged_into;
