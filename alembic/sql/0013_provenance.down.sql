DROP TABLE credit_review;
DROP TABLE track_conflict;
DROP TABLE track_lock;
DROP TABLE track_change;
ALTER TABLE track DROP COLUMN origin_name, DROP COLUMN origin_kind;
