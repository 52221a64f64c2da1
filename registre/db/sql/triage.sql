-- name: fault_groups
-- Open faults, the most frequent first: jobs that failed and have not gone back to work since. Reads job_by_fault only.
SELECT fault, sum(jobs)::bigint AS jobs, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
       array_agg(stage ORDER BY stage) AS stages,
       coalesce(sum(jobs) FILTER (WHERE stage IN ('fetch', 'download')), 0)::bigint AS unbought
FROM (SELECT fault, stage, count(*) AS jobs, min(finished_at) AS first_seen, max(finished_at) AS last_seen
      FROM registre.job WHERE fault IS NOT NULL AND (%(fault)s::text IS NULL OR fault = %(fault)s)
      GROUP BY fault, stage) AS staged
GROUP BY fault ORDER BY jobs DESC, fault

-- name: fault_charges
-- Money of failed jobs that is not settled, per fault.
SELECT j.fault, c.state, count(*) AS charges, sum(c.amount_cents)::bigint AS cents
FROM registre.charge c JOIN registre.job j ON j.id = c.job_id
WHERE c.state IN ('intent', 'paid', 'unproven') AND j.fault IS NOT NULL
  AND (%(fault)s::text IS NULL OR j.fault = %(fault)s)
GROUP BY j.fault, c.state ORDER BY j.fault, c.state

-- name: fault_samples
-- The newest job of each fault, with its last try and its last snapshot; the version is that of the process's slot now.
SELECT j.fault, j.id, j.order_id, j.kind, j.request, j.stage, j.state, j.error_code, j.error_text,
       tried.worker, w.version, shot.snapshot
FROM unnest(%(faults)s::text[]) AS asked (fault)
CROSS JOIN LATERAL (SELECT * FROM registre.job WHERE fault = asked.fault ORDER BY finished_at DESC LIMIT 1) AS j
LEFT JOIN LATERAL (SELECT worker FROM registre.attempt WHERE job_id = j.id ORDER BY fence DESC LIMIT 1) AS tried ON true
LEFT JOIN LATERAL (SELECT snapshot FROM registre.attempt WHERE job_id = j.id AND snapshot IS NOT NULL
                   ORDER BY fence DESC LIMIT 1) AS shot ON true
LEFT JOIN public.worker_status w ON w.worker_id = split_part(tried.worker, '#', 1)

-- name: fault_jobs
-- A fault's jobs, the newest failure first.
SELECT id FROM registre.job WHERE fault = %(fault)s ORDER BY finished_at DESC LIMIT %(limit)s
