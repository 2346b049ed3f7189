-- name: create_library
-- One new library. library_name_key refuses a second one of the same name.
INSERT INTO library (id, name, source_folder, processing_strategy)
VALUES (%(id)s::uuid, %(name)s::text, %(source_folder)s::text, %(processing_strategy)s::text)
RETURNING id, name, source_folder, processing_strategy, revision, created_at, updated_at;

-- name: get_library
-- One library by its id. Primary key.
SELECT id, name, source_folder, processing_strategy, revision, created_at, updated_at
FROM library
WHERE id = %(id)s::uuid;

-- name: get_library_by_name
-- One library by its name, regardless of case. library_name_key.
SELECT id, name, source_folder, processing_strategy, revision, created_at, updated_at
FROM library
WHERE lower(name COLLATE unicode_case) = lower(%(name)s::text COLLATE unicode_case);

-- name: lock_library
-- One library by its id, held until the transaction ends. Primary key.
SELECT id, name, source_folder, processing_strategy, revision, created_at, updated_at
FROM library
WHERE id = %(id)s::uuid
FOR UPDATE;

-- name: list_libraries
-- A page of libraries by name, after the name given, or from the start. library_name_key.
SELECT id, name, source_folder, processing_strategy, revision, created_at, updated_at
FROM library
WHERE lower(name COLLATE unicode_case) > lower(%(after)s::text COLLATE unicode_case)
ORDER BY lower(name COLLATE unicode_case)
LIMIT %(limit)s::integer;

-- name: update_library
-- New values for a library that is locked. Primary key.
UPDATE library
SET
    name = %(name)s::text,
    source_folder = %(source_folder)s::text,
    processing_strategy = %(processing_strategy)s::text,
    revision = revision + 1
WHERE id = %(id)s::uuid
RETURNING id, name, source_folder, processing_strategy, revision, created_at, updated_at;

-- name: library_holds_anything
-- Whether a library has a track or a playlist, deleted ones included. track_library_idx,
-- playlist_library_idx.
SELECT
    EXISTS (SELECT FROM track WHERE library_id = %(id)s::uuid)
    OR EXISTS (SELECT FROM playlist WHERE library_id = %(id)s::uuid);

-- name: delete_library_search
-- The search rows of a library that is about to go; they have no foreign key. track_library_idx, primary
-- keys of track_search and track_lyrics.
WITH sung AS (
    DELETE FROM track_lyrics
    WHERE track_id IN (SELECT id FROM track WHERE library_id = %(id)s::uuid)
)

DELETE FROM track_search
WHERE track_id IN (SELECT id FROM track WHERE library_id = %(id)s::uuid);

-- name: delete_library
-- A library with everything in it. Primary key; foreign keys cascade.
DELETE FROM library WHERE id = %(id)s::uuid
