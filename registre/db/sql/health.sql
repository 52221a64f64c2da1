-- name: role_state
-- Whether this role sees all rows, and whether the public table's door is there.
SELECT current_user::text AS role, current_setting('server_version') AS server_version,
       row_security_active('public.worker_accounts') OR row_security_active('public.extraction_queue') AS blindfolded,
       (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = 'public.extraction_queue'::regclass
          AND t.tgname IN ('registre_door_insert', 'registre_door_update') AND t.tgenabled IN ('O', 'A')) AS doors

-- name: has_leader
-- The clock's advisory lock is held by someone.
SELECT EXISTS (
  SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND objid = (hashtext('registre.clock')::bigint & 4294967295)::oid)

-- name: workers
-- Processes by their last word; a stopped one said so itself.
SELECT worker_id AS name, role, status, host, pid, version, started_at, last_heartbeat, current_job_id,
       jobs_completed, jobs_failed, now() - last_heartbeat AS silence
FROM public.worker_status WHERE role IS NOT NULL ORDER BY role, worker_id

-- name: due_work
-- What could start now, per stage, and since when the oldest could.
SELECT stage, count(*) AS jobs, max(now() - greatest(announced_at, not_before, hold_until, created_at)) AS oldest
FROM registre.job
WHERE state = 'queued' OR (state = 'waiting' AND not_before <= now())
GROUP BY stage ORDER BY stage

-- name: expired_leases
-- Running on paper only: the clock should have returned them within a second.
SELECT id, order_id, coalesce(order_id, id) AS shown_id, stage, worker, now() - lease_until AS late FROM registre.job
WHERE state = 'running' AND lease_until < now() - %(older)s::interval ORDER BY lease_until LIMIT 100

-- name: lost_messages
-- Ready to start, and no message will start them.
SELECT id, order_id, coalesce(order_id, id) AS shown_id, stage, worker,
       now() - greatest(announced_at, not_before, hold_until) AS late
FROM registre.job j
WHERE state IN ('queued', 'waiting') AND greatest(announced_at, not_before, hold_until) < now() - %(older)s::interval
  AND NOT EXISTS (SELECT 1 FROM dramatiq.queue m
                  WHERE m.message -> 'args' ->> 0 = j.id::text AND m.state IN ('queued', 'consumed')
                    AND (m.queue_name = j.stage OR m.queue_name = j.stage || '.DQ'))
ORDER BY announced_at LIMIT 100

-- name: rejected_messages
SELECT queue_name, count(*) AS messages, min(message_id::text) AS sample, max(crashes) AS crashes,
       bool_or(message IS NULL OR message ->> 'actor_name' IS NULL) AS undecodable
FROM dramatiq.queue WHERE state = 'rejected' GROUP BY queue_name ORDER BY queue_name

-- name: endings
-- Jobs that ended badly, per cause; the newest of each as a sample.
SELECT error_code AS code, state, count(*) AS jobs, max(finished_at) AS latest,
       (array_agg(coalesce(order_id, id) ORDER BY finished_at DESC NULLS LAST))[1] AS sample,
       (array_agg(error_text ORDER BY finished_at DESC NULLS LAST))[1] AS text
FROM registre.job WHERE state IN ('failed', 'refused') GROUP BY error_code, state ORDER BY count(*) DESC, error_code

-- name: imported_rows
-- Rows of the old system that no command has decided about.
SELECT q.status_id, count(*) AS jobs FROM registre.job j JOIN public.extraction_queue q ON q.id = j.order_id
WHERE j.state = 'imported' GROUP BY q.status_id ORDER BY q.status_id

-- name: unjoined_rows
-- Waiting rows that no job follows: inserted while the door was shut.
SELECT id FROM public.extraction_queue q
WHERE status_id = 1 AND NOT EXISTS (SELECT 1 FROM registre.job j WHERE j.order_id = q.id)
ORDER BY created_at LIMIT 1000

-- name: shut_rows
-- First half of a knock on the door: it opens when the status changes to 1.
UPDATE public.extraction_queue SET status_id = 4 WHERE id = ANY(%(ids)s::uuid[]) RETURNING id

-- name: knock_rows
UPDATE public.extraction_queue SET status_id = 1 WHERE id = ANY(%(ids)s::uuid[]) RETURNING id

-- name: inconsistent_rows
-- What the old system left that contradicts itself; the constraints keep new rows from it.
SELECT what, count(*) AS jobs, min(id::text) AS sample FROM (
  SELECT id, CASE
    WHEN status_id = 5 AND document_source IN ('index', 'acte') AND file_content IS NULL THEN 'done_without_text'
    WHEN status_id IN (3, 5) AND supabase_path IS NULL THEN 'stored_without_path'
    WHEN status_id IN (4, 5) AND (worker_id IS NOT NULL OR ocr_worker_id IS NOT NULL) THEN 'finished_with_owner'
  END AS what FROM public.extraction_queue) AS rows
WHERE what IS NOT NULL GROUP BY what ORDER BY what

-- name: sealed_sample
-- One sealed password, to try the key on.
SELECT password FROM public.worker_accounts WHERE password LIKE 'fernet:%%' LIMIT 1

-- name: messages_of
-- The messages on their way for a job, and how many stand before each in its queue.
SELECT m.queue_name, m.state::text AS state, m.crashes, (now() AT TIME ZONE 'UTC')::timestamptz - m.mtime AS age,
       (SELECT count(*) FROM dramatiq.queue o WHERE o.queue_name = m.queue_name AND o.state = 'queued'
          AND (o.priority, o.eta) < (m.priority, m.eta)) AS ahead
FROM dramatiq.queue m WHERE m.message -> 'args' ->> 0 = %(job_id)s::text AND m.state IN ('queued', 'consumed')
ORDER BY m.eta
