-- name: claim_job
-- A message said so; the row decides. A try is counted before the work: fetch and download share one. A search uses the
-- words the row has now, unless something was already bought in the old ones.
WITH claimed AS (
  UPDATE registre.job SET
    request = CASE WHEN stage = 'fetch' AND NOT EXISTS (
        SELECT FROM registre.charge c WHERE c.job_id = job.id AND c.state IN ('intent', 'paid', 'unproven'))
      THEN coalesce((SELECT registre.order_request(q) FROM public.extraction_queue q WHERE q.id = job.order_id), request)
      ELSE request END,
    state = 'running', fence = fence + 1, worker = %(worker)s, lease_until = now() + %(lease)s,
    attempts = attempts + CASE WHEN stage = 'download' THEN 0 ELSE 1 END,
    not_before = NULL, hold_worker = NULL, hold_until = NULL, updated_at = now()
  WHERE id = %(job_id)s AND stage = %(stage)s AND (%(ocr)s OR stage <> 'ocr')
    AND (state = 'queued' OR (state = 'waiting' AND not_before <= now() + interval '100 ms'))
    AND (hold_worker IS NULL OR hold_worker = %(worker)s OR hold_until < now())
  RETURNING *
), tried AS (
  INSERT INTO registre.attempt (job_id, stage, fence, worker) SELECT id, stage, fence, worker FROM claimed
)
SELECT id, order_id, kind, stage, fence, attempts, max_attempts, request, targets, document_id, staging_key, fresh,
       priority, reread
FROM claimed

-- name: beat_jobs
-- Refreshes the leases of what this process really works on: a claim whose answer got lost must expire. A job not
-- answered is no longer ours.
UPDATE registre.job SET lease_until = now() + %(lease)s
WHERE id = ANY(%(ids)s::uuid[]) AND worker = %(worker)s AND state = 'running'
RETURNING id, fence

-- name: advance_job
-- The hand-off: the stage's result, the job row and the next message commit together.
WITH moved AS (
  UPDATE registre.job SET
    stage = %(next)s, state = 'queued', worker = NULL, lease_until = NULL, error_code = NULL, error_text = NULL,
    attempts = CASE WHEN %(next)s = 'download' THEN attempts ELSE 0 END,
    crashes = CASE WHEN %(next)s = 'download' THEN crashes ELSE 0 END,
    request_key = coalesce(%(request_key)s, request_key), targets = coalesce(%(targets)s, targets),
    document_id = coalesce(%(document_id)s, document_id), staging_key = coalesce(%(staging_key)s, staging_key),
    hold_worker = %(hold_worker)s, hold_until = now() + %(hold)s::interval, announced_at = now(), updated_at = now()
  WHERE id = %(job_id)s AND fence = %(fence)s AND state = 'running'
  RETURNING id, fence, stage, priority
), tried AS (
  UPDATE registre.attempt a SET ended_at = clock_timestamp(), verdict = 'done'
  FROM moved WHERE a.job_id = moved.id AND a.fence = moved.fence
)
-- While this process holds the page it goes on by itself; the message is for the case that it died.
SELECT registre.enqueue(stage, id, coalesce(%(hold)s::interval, '0'), NULL, priority) FROM moved

-- name: finish_job
-- The end: done, refused or failed.
WITH moved AS (
  UPDATE registre.job SET
    state = %(state)s, worker = NULL, lease_until = NULL, not_before = NULL, finished_at = now(), updated_at = now(),
    document_id = coalesce(%(document_id)s, document_id), error_code = %(code)s, error_text = %(text)s,
    screen = %(screen)s, reread = CASE WHEN %(state)s = 'done' THEN NULL ELSE reread END
  WHERE id = %(job_id)s AND fence = %(fence)s AND state = 'running'
  RETURNING id, fence
), tried AS (
  UPDATE registre.attempt a SET ended_at = clock_timestamp(), verdict = %(verdict)s, error_code = %(code)s,
    error_text = left(%(text)s, 2000), screen = %(screen)s, snapshot = %(snapshot)s
  FROM moved WHERE a.job_id = moved.id AND a.fence = moved.fence
)
SELECT id FROM moved

-- name: delay_job
-- Not now: waits, then starts its stage again (a download starts again at the free steps). `spent` says whether
-- the try counts.
WITH moved AS (
  UPDATE registre.job SET
    state = 'waiting', stage = CASE WHEN stage = 'download' THEN 'fetch' ELSE stage END,
    worker = NULL, lease_until = NULL, not_before = now() + %(delay)s, announced_at = now(), updated_at = now(),
    attempts = greatest(attempts - CASE WHEN %(spent)s THEN 0 ELSE 1 END, 0),
    error_code = %(code)s, error_text = %(text)s
  WHERE id = %(job_id)s AND fence = %(fence)s AND state = 'running'
  RETURNING id, fence, stage, priority
), tried AS (
  UPDATE registre.attempt a SET ended_at = clock_timestamp(), verdict = %(verdict)s, error_code = %(code)s,
    error_text = left(%(text)s, 2000), screen = %(screen)s, snapshot = %(snapshot)s
  FROM moved WHERE a.job_id = moved.id AND a.fence = moved.fence
)
SELECT registre.enqueue(stage, id, %(delay)s, NULL, priority) FROM moved

-- name: count_stumbles
-- How many tries of this stage in a row, up to now, ended for one of these causes. Other stages' tries do not count: a
-- download starts again at the free steps.
SELECT count(*) FROM registre.attempt a WHERE a.job_id = %(job_id)s AND a.stage = %(stage)s
  AND a.error_code = ANY(%(codes)s::text[]) AND a.fence > coalesce((
    SELECT max(o.fence) FROM registre.attempt o WHERE o.job_id = a.job_id AND o.stage = a.stage
      AND o.ended_at IS NOT NULL AND (o.error_code = ANY(%(codes)s::text[])) IS NOT TRUE), 0)

-- name: note_fenced
-- Whoever was overtaken leaves a trace; the row is not touched.
WITH tried AS (
  UPDATE registre.attempt SET ended_at = clock_timestamp(), verdict = 'fenced'
  WHERE job_id = %(job_id)s AND fence = %(fence)s AND ended_at IS NULL
)
INSERT INTO registre.event (job_id, name, actor, data)
VALUES (%(job_id)s, 'job.fenced', %(worker)s, jsonb_build_object('fence', %(fence)s::bigint))

-- name: expire_leases
-- A lease that stopped beating goes back to its own stage; after max_attempts such deaths a person must look. The
-- stage it died in stands for the screen.
WITH dead AS (
  SELECT id, fence, worker, stage FROM registre.job
  WHERE state = 'running' AND lease_until < now() ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED
), moved AS (
  UPDATE registre.job j SET
    crashes = j.crashes + 1, worker = NULL, lease_until = NULL, announced_at = now(), updated_at = now(),
    stage = CASE WHEN j.stage = 'download' THEN 'fetch' ELSE j.stage END, screen = j.stage,
    state = CASE WHEN j.crashes + 1 >= j.max_attempts THEN 'failed' ELSE 'queued' END,
    finished_at = CASE WHEN j.crashes + 1 >= j.max_attempts THEN now() END,
    error_code = CASE WHEN j.crashes + 1 >= j.max_attempts THEN 'poison_job' ELSE 'lease_expired' END,
    error_text = CASE WHEN j.crashes + 1 >= j.max_attempts THEN %(poison)s ELSE %(expired)s END
  FROM dead WHERE j.id = dead.id
  RETURNING j.id, j.kind, j.stage, j.state, j.priority, dead.fence, dead.worker, dead.stage AS died_in
), tried AS (
  UPDATE registre.attempt a SET ended_at = clock_timestamp(), verdict = 'crash', error_code = 'lease_expired'
  FROM moved WHERE a.job_id = moved.id AND a.fence = moved.fence
), told AS (
  INSERT INTO registre.event (job_id, name, actor, data)
  SELECT id, 'job.lease_expired', worker, jsonb_build_object('stage', died_in, 'fence', fence) FROM moved
)
-- In the target list on purpose: a join or a CTE whose columns nobody reads is planned away, and the message with it.
SELECT id, kind, died_in, worker, state,
       CASE WHEN state = 'queued' THEN registre.enqueue(stage, id, '0', NULL, priority) END
FROM moved

-- name: announce_again
-- A queued job whose message is nowhere gets a new one; a message on its way is left alone.
WITH lost AS (
  SELECT id FROM registre.job j
  WHERE state IN ('queued', 'waiting')
    AND greatest(announced_at, not_before, hold_until) < now() - %(after)s::interval
    AND NOT EXISTS (SELECT 1 FROM dramatiq.queue m
                    WHERE m.message -> 'args' ->> 0 = j.id::text AND m.state IN ('queued', 'consumed')
                      AND m.message ->> 'actor_name' = j.stage)
  ORDER BY announced_at LIMIT 200 FOR UPDATE SKIP LOCKED
), moved AS (
  UPDATE registre.job j SET announced_at = now() FROM lost WHERE j.id = lost.id RETURNING j.id, j.stage, j.priority
), told AS (
  INSERT INTO registre.event (job_id, name, actor, data) SELECT id, 'job.announced_again', 'clock', '{}' FROM moved
)
SELECT id, registre.enqueue(stage, id, '0', NULL, priority) FROM moved

-- name: find_twin
-- Another order for the very same words: the document it holds, or that it is being worked on right now.
SELECT d.id AS document_id, false AS busy, d.document_key
FROM registre.job j JOIN registre.document d ON d.id = j.document_id
WHERE j.request_key = %(request_key)s AND j.id <> %(job_id)s
  AND (d.kind <> 'index' OR d.created_at > now() - %(max_age)s::interval)
UNION ALL
SELECT NULL, true, NULL FROM registre.job j
WHERE j.request_key = %(request_key)s AND j.id <> %(job_id)s AND j.stage IN ('fetch', 'download', 'store')
  AND (j.state = 'running' OR (j.state = 'queued' AND j.stage <> 'fetch'))
  AND (j.created_at, j.id) < (SELECT created_at, id FROM registre.job WHERE id = %(job_id)s)
ORDER BY busy LIMIT 1

-- name: announce
-- A process that stops leaves the job to others; the page that it may have held open for it closes.
UPDATE registre.job SET announced_at = now(), hold_worker = nullif(hold_worker, %(worker)s),
  hold_until = CASE WHEN hold_worker = %(worker)s THEN NULL ELSE hold_until END
WHERE id = %(job_id)s AND stage = %(stage)s AND state IN ('queued', 'waiting')
RETURNING registre.enqueue(stage, id, greatest(coalesce(not_before, now()) - now(), '0'), NULL, priority)

-- name: note_request_key
UPDATE registre.job SET request_key = %(request_key)s
WHERE id = %(job_id)s AND fence = %(fence)s AND state = 'running' RETURNING id

-- name: order_path
SELECT supabase_path FROM public.extraction_queue WHERE id = %(order_id)s

-- name: cancel_job
SELECT registre.cancel(%(job_id)s, %(actor)s)

-- name: reread_job
SELECT registre.reread(%(job_id)s, %(actor)s, %(wish)s)
