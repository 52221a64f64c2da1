-- name: list_jobs
-- Newest first; every filter may be absent.
SELECT j.id, j.order_id, j.kind, j.request, j.stage, j.state, registre.public_status(j.stage, j.state) AS status_id,
       j.attempts, j.max_attempts, j.crashes, j.worker, j.lease_until, j.not_before, j.hold_until, j.fresh, j.priority,
       j.error_code, j.error_text, j.document_id, j.created_at, j.updated_at, j.finished_at, now() AS seen_at
FROM registre.job j
WHERE (%(ids)s::uuid[] IS NULL OR j.id = ANY(%(ids)s::uuid[]))
  AND (%(states)s::text[] IS NULL OR j.state = ANY(%(states)s::text[]))
  AND (%(statuses)s::integer[] IS NULL
       OR (j.state <> 'imported' AND registre.public_status(j.stage, j.state) = ANY(%(statuses)s::integer[])))
  AND (%(kind)s::text IS NULL OR j.kind = %(kind)s)
  AND (%(stage)s::text IS NULL OR j.stage = %(stage)s)
  AND (%(code)s::text IS NULL OR j.error_code = %(code)s)
ORDER BY j.created_at DESC, j.id LIMIT %(limit)s

-- name: match_jobs
-- Orders and jobs whose id lies in a range: what a prefix of an id means.
SELECT id FROM registre.job
WHERE order_id BETWEEN %(low)s::uuid AND %(high)s::uuid OR id BETWEEN %(low)s::uuid AND %(high)s::uuid
ORDER BY created_at LIMIT 20

-- name: unjoined_orders
-- Rows that no job follows: inserted with another status than 1 after the migration.
SELECT id, status_id FROM public.extraction_queue q
WHERE id BETWEEN %(low)s::uuid AND %(high)s::uuid AND NOT EXISTS (SELECT 1 FROM registre.job j WHERE j.order_id = q.id)
LIMIT 20

-- name: count_jobs
SELECT kind, stage, state, count(*) AS jobs FROM registre.job GROUP BY kind, stage, state ORDER BY kind, stage, state

-- name: attempts_of
SELECT id, stage, fence, worker, started_at, ended_at, verdict, error_code, error_text, screen, snapshot
FROM registre.attempt WHERE job_id = %(job_id)s ORDER BY started_at, id

-- name: events_of
SELECT id, at, name, actor, data FROM registre.event WHERE job_id = %(job_id)s ORDER BY id

-- name: charges_of
SELECT c.id, c.job_id, j.order_id, c.document_key, c.target, c.state, c.amount_cents, c.demande, c.staging_key, c.note,
       c.intent_at, c.paid_at, c.settled_at, a.username AS account, j.state AS job_state, j.error_code AS job_code
FROM registre.charge c JOIN registre.job j ON j.id = c.job_id LEFT JOIN public.worker_accounts a ON a.id = c.account_id
WHERE c.job_id = %(job_id)s ORDER BY c.intent_at, c.id

-- name: open_charges
-- Money whose document is not (yet) here, and intents whose end is unknown; oldest first.
SELECT c.id, c.job_id, j.order_id, c.document_key, c.target, c.state, c.amount_cents, c.demande, c.staging_key, c.note,
       c.intent_at, c.paid_at, c.settled_at, a.username AS account, j.state AS job_state, j.error_code AS job_code
FROM registre.charge c JOIN registre.job j ON j.id = c.job_id LEFT JOIN public.worker_accounts a ON a.id = c.account_id
WHERE c.state IN ('intent', 'paid', 'unproven') AND c.intent_at >= coalesce(%(since)s::timestamptz, '-infinity')
ORDER BY c.intent_at, c.id

-- name: sum_charges
SELECT state, count(*) AS charges, coalesce(sum(amount_cents), 0)::bigint AS cents FROM registre.charge
WHERE intent_at >= coalesce(%(since)s::timestamptz, '-infinity') GROUP BY state ORDER BY state

-- name: quebec_midnight
SELECT date_trunc('day', now() AT TIME ZONE 'America/Toronto') AT TIME ZONE 'America/Toronto'

-- name: search_pages
-- `also` is the same query with its numbers ungrouped; whichever matches. `lexemes`: what to mark in the text.
WITH asked AS (
  SELECT CASE WHEN %(prefix)s THEN to_tsquery('french', %(words)s)
              ELSE websearch_to_tsquery('french', %(words)s) || websearch_to_tsquery('french', %(also)s) END AS query
)
SELECT p.document_id, p.number AS page, p.text, ts_rank_cd(p.search, asked.query)::float AS rank,
       d.kind, d.target, d.path, d.pages, d.created_at,
       (SELECT array_agg(j.order_id) FROM (SELECT order_id FROM registre.job j WHERE (j.document_id = d.id OR j.id = d.text_of)
          AND j.order_id IS NOT NULL ORDER BY j.created_at LIMIT 5) AS j) AS order_ids,
       tsvector_to_array(to_tsvector('french', %(plain)s)) AS lexemes, count(*) OVER () AS found
FROM asked, registre.page p JOIN registre.document d ON d.id = p.document_id
WHERE p.search @@ asked.query
ORDER BY rank DESC, d.created_at DESC, p.number LIMIT %(limit)s

-- name: jobs_numbered
-- Orders for one of these numbers, spaces ignored.
SELECT id FROM registre.job
WHERE upper(regexp_replace(coalesce(request ->> 'document_number_normalized', request ->> 'document_number', ''),
                           '\s', '', 'g')) = ANY(%(numbers)s::text[])
ORDER BY created_at DESC LIMIT %(limit)s
