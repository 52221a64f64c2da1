-- name: try_lead
-- Held by the connection: it ends with it, whatever happens to the process; one that is frozen loses it after 10 s.
SELECT pg_try_advisory_lock(hashtext('registre.clock')), set_config('idle_session_timeout', '10s', false)
