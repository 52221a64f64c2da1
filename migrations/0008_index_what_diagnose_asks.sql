-- Safe while old workers run: only indexes; each locks its table for writing while it is built (about 1 s a million rows).
-- What `registre diagnose` and `registre status` ask of a million jobs, answered without reading them all.

-- Newest first, for lists.
CREATE INDEX job_by_creation ON registre.job (created_at DESC, id);
-- Counts per cause from the index alone, and the newest of each; takes over what job_by_error did.
CREATE INDEX job_by_ending ON registre.job (error_code, state, finished_at) WHERE state IN ('failed', 'refused');
DROP INDEX registre.job_by_error;
-- Rows of the old system that await a decision.
CREATE INDEX job_imported ON registre.job (order_id) WHERE state = 'imported';
-- Tries come in order of time, so a few bytes a block say which blocks hold the last hour.
CREATE INDEX attempt_by_start ON registre.attempt USING brin (started_at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX document_by_creation ON registre.document (created_at DESC);
-- Rows that contradict themselves: none, on a healthy database. The query repeats the predicate word for word.
CREATE INDEX extraction_queue_contradiction ON public.extraction_queue (status_id) WHERE
  (status_id = 5 AND document_source IN ('index', 'acte') AND file_content IS NULL)
  OR (status_id IN (3, 5) AND supabase_path IS NULL)
  OR (status_id = 3 AND file_content IS NOT NULL)
  OR (status_id IN (4, 5) AND (worker_id IS NOT NULL OR ocr_worker_id IS NOT NULL))
  OR (status_id = 1 AND attemtps >= max_attempts)
  OR (status_id = 3 AND ocr_attempts >= ocr_max_attempts)
  OR supabase_path !~ '^([A-Za-z0-9_-]+/[^/].*|[^/:]+|https?://[^/]+/.*object/.+)$';
