-- name: begin_request
-- Claims a request id; returns a row when the id is new or was forgotten. Waits for a transaction that is
-- just using it. Primary key of request.
INSERT INTO request (id, method, fingerprint)
VALUES (%(id)s::uuid, %(method)s::text, %(fingerprint)s::bytea)
ON CONFLICT (id) DO UPDATE
SET method = excluded.method, fingerprint = excluded.fingerprint, response = NULL, created_at = now()
WHERE request.created_at < now() - interval '24 hours'
RETURNING id;

-- name: get_request
-- What a known request id was used for, and the answer. Primary key of request.
SELECT method, fingerprint, response FROM request WHERE id = %(id)s::uuid;

-- name: finish_request
-- Remembers the answer, in the transaction of the change. Primary key of request.
UPDATE request SET response = %(response)s::bytea WHERE id = %(id)s::uuid;

-- name: forget_requests
-- Drops a few answers that are older than a day: each new request sweeps for ten. request_created_at_idx.
DELETE FROM request
WHERE id IN (
    SELECT id FROM request
    WHERE created_at < now() - interval '24 hours'
    ORDER BY created_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
)
