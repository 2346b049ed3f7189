-- name: secret
-- A key that all servers of this database share. Primary key of server_secret.
SELECT value FROM server_secret WHERE name = %(name)s::text
