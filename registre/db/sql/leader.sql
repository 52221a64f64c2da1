-- name: try_lead
-- Held by the connection: it ends with it, whatever happens to the process.
SELECT pg_try_advisory_lock(hashtext('registre.clock'))
