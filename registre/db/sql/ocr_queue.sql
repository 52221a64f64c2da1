-- name: totals
-- Stored documents that are not read yet, by why: what a claim looks at.
SELECT kind, CASE
    WHEN state = 'running' THEN 'running'
    WHEN not_before > now() THEN coalesce(error_code, 'delayed')
    WHEN hold_until > now() THEN 'hold'
    ELSE 'eligible' END AS reason, count(*) AS jobs
FROM registre.job WHERE stage = 'ocr' AND state IN ('queued', 'waiting', 'running') GROUP BY 1, 2 ORDER BY 1, 2

-- name: rows
-- The longest waiting of them.
SELECT coalesce(order_id, id) AS id, kind, state, attempts, max_attempts, error_code, worker, document_id IS NOT NULL AS stored,
       extract(epoch FROM now() - created_at)::float8 AS age_s, extract(epoch FROM not_before - now())::float8 AS in_s
FROM registre.job WHERE stage = 'ocr' AND state IN ('queued', 'waiting', 'running')
ORDER BY created_at, id LIMIT %(limit)s
