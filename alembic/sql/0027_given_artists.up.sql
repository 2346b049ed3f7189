-- A survivor gives back what it was given, and the credit in that may name other artists than the album does.
CREATE INDEX album_merge_given_ids_idx ON album_merge USING gin (ids_in(given));
