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

-- name: mark_dead_workers
UPDATE public.worker_status SET status = 'offline', current_job_id = NULL
WHERE status IN ('idle', 'busy', 'waiting') AND last_heartbeat < now() - interval '30 seconds' RETURNING worker_id

-- name: prune_workers
DELETE FROM public.worker_status WHERE last_heartbeat < now() - interval '24 hours' RETURNING worker_id
