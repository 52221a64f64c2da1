-- name: beat_worker
-- One row a slot of the Procfile, whatever its restarts.
INSERT INTO public.worker_status (worker_id, status, started_at, last_heartbeat, current_job_id, jobs_completed,
                                  jobs_failed, role, host, pid, version, polled_at)
VALUES (%(name)s, %(status)s, %(started_at)s, now(), %(job_id)s, %(completed)s, %(failed)s, %(role)s, %(host)s, %(pid)s,
        %(version)s, now() - %(polled_ago)s::interval)
ON CONFLICT (worker_id) DO UPDATE SET status = EXCLUDED.status, started_at = EXCLUDED.started_at, last_heartbeat = now(),
  current_job_id = EXCLUDED.current_job_id, jobs_completed = EXCLUDED.jobs_completed, jobs_failed = EXCLUDED.jobs_failed,
  role = EXCLUDED.role, host = EXCLUDED.host, pid = EXCLUDED.pid, version = EXCLUDED.version,
  polled_at = coalesce(EXCLUDED.polled_at, worker_status.polled_at)

-- name: other_revisions
SELECT worker_id, coalesce(version, '?') FROM public.worker_status
WHERE role IS NOT NULL AND status IN ('idle', 'busy', 'waiting') AND last_heartbeat > now() - interval '30 seconds'
  AND version IS DISTINCT FROM %(ours)s AND worker_id <> %(slot)s ORDER BY worker_id

-- name: note_start
-- In its own words the slot's last life ended cleanly, or it did not.
INSERT INTO registre.event (name, actor, data)
SELECT CASE WHEN w.status IN ('idle', 'busy', 'waiting', 'offline') THEN 'process.restarted' ELSE 'process.started' END,
       %(slot)s, jsonb_build_object('revision', %(revision)s::text)
FROM (SELECT 1) one LEFT JOIN public.worker_status w ON w.worker_id = %(slot)s

-- name: mark_dead_workers
UPDATE public.worker_status SET status = 'offline', current_job_id = NULL
WHERE status IN ('idle', 'busy', 'waiting') AND last_heartbeat < now() - interval '30 seconds' RETURNING worker_id

-- name: prune_workers
DELETE FROM public.worker_status WHERE last_heartbeat < now() - interval '24 hours' RETURNING worker_id
