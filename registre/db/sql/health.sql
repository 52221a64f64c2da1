-- name: has_leader
-- The clock's advisory lock is held by someone.
SELECT EXISTS (
  SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND objid = (hashtext('registre.clock')::bigint & 4294967295)::oid)

-- name: workers
-- Processes by their last word; a stopped one said so itself. Without a role: the old system's.
SELECT worker_id AS name, coalesce(role, '') AS role, status, host, pid, version, started_at, last_heartbeat,
       current_job_id, jobs_completed, jobs_failed, now() - last_heartbeat AS silence,
       now() - polled_at AS unpolled
FROM public.worker_status WHERE last_heartbeat > now() - interval '1 day' ORDER BY role, worker_id

-- name: restarts
-- How often a slot came back in the last hour after a death: a clean stop is none. Events without a job are few.
SELECT actor AS slot, count(*) AS restarts FROM registre.event
WHERE job_id IS NULL AND name = 'process.restarted' AND at > now() - interval '1 hour' GROUP BY actor ORDER BY actor

-- name: open_counts
-- Jobs that are not over.
SELECT kind, stage, state, count(*) AS jobs FROM registre.job
WHERE state IN ('queued', 'waiting', 'running') GROUP BY kind, stage, state ORDER BY kind, stage, state

-- name: row_counts
-- The public table by status and source, from its index alone.
SELECT status_id, document_source AS source, count(*) AS rows FROM public.extraction_queue
GROUP BY status_id, document_source ORDER BY status_id, document_source

-- name: last_jobs
SELECT coalesce(order_id, id) AS id, kind, stage, state, worker, error_code, created_at FROM registre.job
ORDER BY created_at DESC, id LIMIT 10

-- name: due_work
-- What could start now, per stage, and since when the oldest could.
SELECT stage, count(*) AS jobs, max(now() - greatest(announced_at, not_before, hold_until, created_at)) AS oldest
FROM registre.job
WHERE state = 'queued' OR (state = 'waiting' AND not_before <= now())
GROUP BY stage ORDER BY stage

-- name: running_jobs
-- Who works on what, the longest first.
SELECT id, order_id, coalesce(order_id, id) AS shown_id, stage, worker, now() - updated_at AS late FROM registre.job
WHERE state = 'running' ORDER BY updated_at LIMIT 100

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
                    AND m.queue_name LIKE j.stage || '%%')
ORDER BY announced_at LIMIT 100

-- name: waits
-- What waits for its time, per cause, and since when the oldest has for this one.
SELECT coalesce(w.code, '') AS code, w.jobs, w.sample, w.next, w.text,
       now() - (SELECT min(a.started_at) FROM registre.attempt a
                WHERE a.job_id = w.job_id AND a.error_code = w.code) AS since
FROM (SELECT error_code AS code, count(*) AS jobs, min(not_before) - now() AS next,
             (array_agg(coalesce(order_id, id) ORDER BY created_at))[1] AS sample,
             (array_agg(id ORDER BY created_at))[1] AS job_id,
             (array_agg(error_text ORDER BY updated_at DESC))[1] AS text
      FROM registre.job WHERE state = 'waiting' AND not_before > now() GROUP BY error_code) AS w
ORDER BY w.jobs DESC

-- name: recent_tries
-- How the tries of the last hour ended.
SELECT coalesce(verdict, '') AS verdict, coalesce(error_code, '') AS code, count(*) AS tries FROM registre.attempt
WHERE started_at > now() - interval '1 hour' AND ended_at IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC

-- name: messages
-- Messages on their way or put aside, per queue. `overdue`: delayed beyond their time; `abandoned`: taken by a process
-- that no longer says it holds them; `ready`: seconds that the oldest has been ready.
SELECT queue_name, state::text AS state, count(*) AS messages, min(message_id::text) AS sample,
       count(*) FILTER (WHERE state = 'queued' AND queue_name LIKE '%%.DQ' AND eta < %(now_ms)s - 10000) AS overdue,
       count(*) FILTER (WHERE state = 'consumed'
                        AND mtime < now() - interval '30 seconds') AS abandoned,
       coalesce(max(%(now_ms)s - eta) FILTER (WHERE state = 'queued' AND queue_name NOT LIKE '%%.DQ'), 0)::float / 1000
         AS ready,
       bool_or(message IS NULL OR message ->> 'actor_name' IS NULL) AS undecodable
FROM dramatiq.queue WHERE state IN ('queued', 'consumed', 'rejected')
GROUP BY queue_name, state ORDER BY queue_name, state

-- name: orphan_messages
-- Messages on their way whose job does not exist; of the first 1000.
SELECT count(*) AS rows, min(m.message_id::text) AS sample FROM (
  SELECT message_id, message -> 'args' ->> 0 AS job FROM dramatiq.queue
  WHERE state = 'queued' ORDER BY queue_name, priority, eta LIMIT 1000) AS m
WHERE CASE WHEN m.job ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           THEN NOT EXISTS (SELECT 1 FROM registre.job j WHERE j.id = m.job::uuid) ELSE false END

-- name: messages_of
-- The messages on their way for a job, and how many stand before each in its queue.
SELECT m.queue_name, m.state::text AS state, m.crashes, now() - m.mtime AS age,
       (SELECT count(*) FROM dramatiq.queue o WHERE o.queue_name = m.queue_name AND o.state = 'queued'
          AND (o.priority, o.eta) < (m.priority, m.eta)) AS ahead
FROM dramatiq.queue m WHERE m.message -> 'args' ->> 0 = %(job_id)s::text AND m.state IN ('queued', 'consumed')
ORDER BY m.eta

-- name: exhausted_jobs
-- Open although every try is spent. A try lost with its process is not counted against the job.
SELECT count(*) AS rows, min(coalesce(order_id, id)::text) AS sample FROM registre.job
WHERE state IN ('queued', 'waiting') AND (attempts > max_attempts + crashes OR crashes >= max_attempts)

-- name: disagreeing_rows
-- Public rows that do not say what their job says: the open jobs', and the rows that look open.
SELECT j.id, coalesce(j.order_id, j.id) AS shown_id, q.status_id AS row_says,
       registre.public_status(j.stage, j.state) AS job_says
FROM registre.job j JOIN public.extraction_queue q ON q.id = j.order_id
WHERE j.state IN ('queued', 'waiting', 'running') AND q.status_id <> registre.public_status(j.stage, j.state)
UNION ALL
SELECT j.id, coalesce(j.order_id, j.id), q.status_id, registre.public_status(j.stage, j.state)
FROM public.extraction_queue q JOIN registre.job j ON j.order_id = q.id
WHERE q.status_id IN (1, 2, 3, 6) AND j.state IN ('done', 'refused', 'failed', 'cancelled')
LIMIT 1000

-- name: endings
-- Jobs that ended badly, per cause; the newest of each as a sample.
SELECT e.code, e.state, e.jobs, e.latest, now() - e.latest AS age, coalesce(s.order_id, s.id) AS sample,
       s.error_text AS text
FROM (SELECT error_code AS code, state, count(*) AS jobs, max(finished_at) AS latest FROM registre.job
      WHERE state IN ('failed', 'refused') GROUP BY error_code, state) AS e
CROSS JOIN LATERAL (SELECT order_id, id, error_text FROM registre.job j
  WHERE j.state IN ('failed', 'refused') AND j.error_code = e.code AND j.state = e.state
  ORDER BY finished_at DESC NULLS LAST LIMIT 1) AS s
ORDER BY e.jobs DESC, e.code

-- name: imported_rows
-- Rows of the old system that it left unfinished and no command has decided about.
SELECT q.status_id, count(*) AS jobs FROM public.extraction_queue q
WHERE q.status_id IN (1, 2, 3, 6)
  AND EXISTS (SELECT 1 FROM registre.job j WHERE j.order_id = q.id AND j.state = 'imported')
GROUP BY q.status_id ORDER BY q.status_id

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
-- Rows that contradict themselves, by the words of the partial index `extraction_queue_contradiction`. What is passing
-- in a job of ours is one only where the old system left it.
SELECT what, count(*) AS jobs, min(id::text) AS sample FROM (
  SELECT q.id, CASE
    WHEN status_id = 5 AND document_source IN ('index', 'acte') AND file_content IS NULL THEN 'done_without_text'
    WHEN status_id IN (3, 5) AND supabase_path IS NULL THEN 'stored_without_path'
    WHEN status_id IN (4, 5) AND (worker_id IS NOT NULL OR ocr_worker_id IS NOT NULL) THEN 'finished_with_owner'
    WHEN supabase_path !~ '^([A-Za-z0-9_-]+/[^/].*|[^/:]+|https?://[^/]+/.*object/.+)$' THEN 'path_malformed'
    WHEN EXISTS (SELECT 1 FROM registre.job j WHERE j.order_id = q.id AND j.state <> 'imported') THEN NULL
    WHEN status_id = 3 AND file_content IS NOT NULL THEN 'text_without_end'
    ELSE 'exhausted_rows'
  END AS what
  FROM public.extraction_queue q WHERE
  (status_id = 5 AND document_source IN ('index', 'acte') AND file_content IS NULL)
  OR (status_id IN (3, 5) AND supabase_path IS NULL)
  OR (status_id = 3 AND file_content IS NOT NULL)
  OR (status_id IN (4, 5) AND (worker_id IS NOT NULL OR ocr_worker_id IS NOT NULL))
  OR (status_id = 1 AND attemtps >= max_attempts)
  OR (status_id = 3 AND ocr_attempts >= ocr_max_attempts)
  OR supabase_path !~ '^([A-Za-z0-9_-]+/[^/].*|[^/:]+|https?://[^/]+/.*object/.+)$') AS rows
WHERE what IS NOT NULL GROUP BY what ORDER BY what

-- name: documents
-- The newest documents and as many drawn at random, with what was read of them.
SELECT d.id, d.kind, d.object_key, d.path, coalesce(p.pages, 0) AS pages, coalesce(p.failed, 0) AS failed,
       coalesce(p.characters, 0) AS characters
FROM ((SELECT * FROM registre.document ORDER BY created_at DESC LIMIT %(limit)s)
      UNION (SELECT * FROM registre.document WHERE id >= (SELECT gen_random_uuid()) ORDER BY id LIMIT %(limit)s)) AS d
LEFT JOIN LATERAL (SELECT count(*) AS pages, count(*) FILTER (WHERE state = 'failed') AS failed,
                          sum(length(search_text)) FILTER (WHERE state NOT IN ('blank', 'failed')) AS characters
                   FROM registre.page WHERE document_id = d.id) AS p ON true

-- name: staged
-- Bytes that were paid for and are not yet in their place.
SELECT job_id, staging_key FROM registre.charge WHERE state = 'paid' AND staging_key IS NOT NULL LIMIT %(limit)s

-- name: sealed_sample
-- One sealed password, to try the key on.
SELECT password FROM public.worker_accounts WHERE password LIKE 'fernet:%%' LIMIT 1

-- name: recent_events
-- For a stranger's eyes: nothing that a person wrote or the registry said.
SELECT id, at, job_id, name, actor, data - 'words' - 'text' AS data FROM registre.event ORDER BY id DESC LIMIT %(limit)s

-- name: recent_errors
SELECT job_id, stage, worker, started_at, ended_at, verdict, error_code, screen FROM registre.attempt
WHERE error_code IS NOT NULL ORDER BY id DESC LIMIT %(limit)s
