-- name: requeue_candidates
-- What a requeue would touch, what it would answer and what that may cost, before anything is done.
SELECT j.id, j.order_id, j.kind, j.request, j.stage, j.state, j.error_code, c.state AS charge_state, plan.answer AS expected,
       CASE WHEN plan.answer <> 'fetch' OR (NOT %(rebuy)s AND c.state = 'paid') THEN 0
            -- its own document would answer it again for free
            WHEN NOT %(rebuy)s AND j.state = 'done' AND plan.words = j.request
                 AND (d.kind <> 'index' OR d.created_at > now() - %(max_age)s::interval) THEN 0
            ELSE %(price_cents)s END AS at_stake_cents
FROM registre.job j LEFT JOIN public.extraction_queue q ON q.id = j.order_id
LEFT JOIN registre.document d ON d.id = j.document_id
LEFT JOIN registre.charge c ON c.job_id = j.id AND c.state IN ('intent', 'paid', 'unproven')
CROSS JOIN LATERAL (
  SELECT w.words, registre.requeue_answer(j, c, w.words, q.supabase_path IS NOT NULL, %(rebuy)s) AS answer
  FROM (SELECT CASE WHEN q.id IS NULL THEN j.request ELSE registre.order_request(q) END AS words) AS w) AS plan
WHERE (%(ids)s::uuid[] IS NULL OR j.id = ANY(%(ids)s::uuid[]))
  AND (%(ids)s::uuid[] IS NOT NULL OR CASE WHEN %(imported)s THEN j.state = 'imported' AND q.status_id IN (1, 2, 3, 6)
                                           ELSE j.state IN ('failed', 'refused', 'cancelled', 'waiting') END)
  AND (%(fault)s::text IS NULL OR j.fault = %(fault)s)
  AND (%(code)s::text IS NULL OR j.error_code = %(code)s)
  AND (%(stage)s::text IS NULL OR j.stage = %(stage)s)
  AND (%(older)s::interval IS NULL OR coalesce(j.finished_at, j.updated_at) < now() - %(older)s::interval)
  AND (%(younger)s::interval IS NULL OR coalesce(j.finished_at, j.updated_at) > now() - %(younger)s::interval)
ORDER BY j.created_at, j.id LIMIT %(limit)s

-- name: begin_batch
-- Until the transaction ends, each requeue keeps in its event what is needed to take it back.
SELECT set_config('registre.batch', %(batch)s, true)

-- name: requeue_many
-- Oldest first, so that the messages stand in the order of the orders and two of these never wait for each other.
SELECT id, registre.requeue(id, %(actor)s, %(rebuy)s)
FROM (SELECT id FROM registre.job WHERE id = ANY(%(ids)s::uuid[]) ORDER BY created_at, id) AS jobs

-- name: last_batch
SELECT data ->> 'batch' FROM registre.event
WHERE name = 'job.requeue' AND data ? 'batch' AND actor = %(actor)s AND data ->> 'answer' IN ('fetch', 'store', 'ocr')
ORDER BY id DESC LIMIT 1

-- name: batch_events
-- What a batch did, oldest first; what it was refused is nothing to take back.
SELECT e.id AS event, e.at, e.actor, j.id, j.order_id, j.kind, j.request, j.stage, j.state, j.error_code
FROM registre.event e JOIN registre.job j ON j.id = e.job_id
WHERE e.name = 'job.requeue' AND e.data ? 'batch' AND e.data ->> 'batch' = %(batch)s
  AND e.data ->> 'answer' IN ('fetch', 'store', 'ocr')
ORDER BY e.id

-- name: undo_many
SELECT id, registre.undo_requeue(id, %(actor)s, %(do)s)
FROM (SELECT id FROM registre.event WHERE id = ANY(%(events)s::bigint[]) ORDER BY id) AS events
