-- Safe while old workers run: they leave `screen` empty, so that what they fail is grouped by its stage. Claims wait while
-- registre.job is written anew (about 10 s a million jobs).
-- Failures in groups, and a requeue that is foreseen by the rule that does it and can be taken back.

ALTER TABLE registre.job ADD COLUMN screen text;   -- the site's screen on which it last failed, where there is one
UPDATE registre.job j SET screen = a.screen FROM registre.attempt a
WHERE j.state = 'failed' AND a.job_id = j.id AND a.fence = j.fence AND a.screen IS NOT NULL;

-- The group of a failed job, as Sentry has it: site/screen/code, a bug with its type. `registre/domain/fault.py` writes
-- the same (a test compares them).
ALTER TABLE registre.job ADD COLUMN fault text GENERATED ALWAYS AS (
  CASE WHEN state = 'failed' THEN
    site || '/' || coalesce(screen, stage) || '/' || error_code ||
    CASE WHEN error_code = 'bug' THEN coalesce('.' || substring(error_text FROM '^([A-Za-z_][A-Za-z0-9_]{0,60}): '), '')
         ELSE '' END
  END) STORED;
CREATE INDEX job_by_fault ON registre.job (fault, finished_at) INCLUDE (id, stage) WHERE fault IS NOT NULL;

-- What is undone is found by its batch; who typed last, by the newest.
CREATE INDEX event_by_batch ON registre.event ((data ->> 'batch'), id) WHERE name = 'job.requeue' AND data ? 'batch';
CREATE INDEX event_batches ON registre.event (actor, id) WHERE name = 'job.requeue' AND data ? 'batch';

-- Where a requeue would put the job, or why it would not: the one rule, for the doing and for the showing.
-- `p_words` are the row's words now; `p_stored` says that an imported row has its document.
CREATE FUNCTION registre.requeue_answer(j registre.job, c registre.charge, p_words jsonb, p_stored boolean, p_rebuy boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN j.state IN ('queued', 'running') THEN 'already_' || j.state
    -- Corrected words must not be answered with what was bought for the old ones.
    WHEN NOT p_rebuy AND c.id IS NOT NULL AND (p_words <> j.request
         -- A doubt that the site's history has settled since is looked up there, which costs nothing.
         OR (j.state = 'failed' AND (
               (c.state = 'unproven' AND j.error_code = 'charge_unproven')
               OR (c.state IN ('paid', 'unproven')
                   AND j.error_code IN ('document_timeout', 'bad_pdf', 'wrong_document'))))) THEN 'needs_rebuy'
    WHEN p_rebuy OR p_words <> j.request OR j.state = 'done' THEN 'fetch'
    WHEN p_stored AND j.state = 'imported' OR (j.stage = 'store' AND j.document_id IS NULL AND c.id IS NULL) THEN 'store'
    WHEN j.document_id IS NOT NULL THEN 'ocr'
    WHEN c.state = 'paid' AND c.staging_key IS NOT NULL THEN 'store'
    ELSE 'fetch' END
$$;

-- What the mirror writes on the public row, as it is now.
CREATE FUNCTION registre.row_state(q public.extraction_queue) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'status_id', q.status_id, 'worker_id', q.worker_id, 'processing_started_at', q.processing_started_at,
    'attemtps', q.attemtps, 'supabase_path', q.supabase_path, 'error_message', q.error_message,
    'ocr_worker_id', q.ocr_worker_id, 'ocr_started_at', q.ocr_started_at, 'ocr_completed_at', q.ocr_completed_at,
    'ocr_attempts', q.ocr_attempts, 'ocr_error', q.ocr_error, 'ocr_last_error_at', q.ocr_last_error_at)
$$;

-- Puts a job back to work: the one requeue of CLI, API and `status_id = 1`. Stage-aware: what was paid is not
-- bought again, what was stored is only read again. Answers what it did, or why not. With `registre.batch` set for the
-- transaction, the event keeps what is needed to take it back.
CREATE OR REPLACE FUNCTION registre.requeue(p_job uuid, p_actor text, p_rebuy boolean DEFAULT false)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  j         registre.job;
  v_words   jsonb;
  v_stored  boolean;
  v_row     jsonb;
  v_charge  registre.charge;
  v_answer  text;
  v_batch   text := nullif(current_setting('registre.batch', true), '');
BEGIN
  SELECT * INTO j FROM registre.job WHERE id = p_job FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  SELECT registre.order_request(q), q.supabase_path IS NOT NULL, registre.row_state(q)
    INTO v_words, v_stored, v_row FROM public.extraction_queue q WHERE q.id = j.order_id;
  SELECT * INTO v_charge FROM registre.charge
    WHERE job_id = p_job AND state IN ('intent', 'paid', 'unproven') FOR UPDATE;
  v_words := coalesce(v_words, j.request);
  v_answer := registre.requeue_answer(j, v_charge, v_words, coalesce(v_stored, false), p_rebuy);
  IF v_answer IN ('fetch', 'store', 'ocr') THEN
    IF p_rebuy AND v_charge.id IS NOT NULL THEN
      UPDATE registre.charge SET state = CASE WHEN paid_at IS NULL THEN 'void' ELSE 'lost' END, settled_at = now(),
        note = note || jsonb_build_object('settled_by', p_actor) WHERE id = v_charge.id;
    END IF;
    PERFORM set_config('registre.actor', p_actor, true);
    UPDATE registre.job SET
      stage = v_answer, state = 'queued', attempts = 0, crashes = 0, request = v_words, worker = NULL,
      lease_until = NULL, not_before = NULL, hold_worker = NULL, hold_until = NULL, finished_at = NULL,
      error_code = NULL, error_text = NULL, screen = NULL, announced_at = now(), updated_at = now(),
      fresh = fresh OR (p_rebuy AND state = 'done'), fence = fence + 1,
      targets = CASE WHEN v_answer = 'fetch' THEN NULL ELSE targets END,
      document_id = CASE WHEN v_answer = 'fetch' THEN NULL ELSE document_id END
    WHERE id = p_job;
    PERFORM registre.enqueue(v_answer, p_job, '0', NULL, j.priority);
    PERFORM set_config('registre.actor', '', true);
  END IF;
  INSERT INTO registre.event (job_id, name, actor, data) VALUES
    (p_job, 'job.requeue', p_actor,
     jsonb_build_object('answer', v_answer, 'rebuy', p_rebuy, 'was', j.state, 'code', j.error_code)
     || CASE WHEN v_batch IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
          'batch', v_batch, 'fence', j.fence + 1, 'row', v_row,
          'charge', CASE WHEN p_rebuy AND v_charge.id IS NOT NULL THEN
                      jsonb_build_object('id', v_charge.id, 'state', v_charge.state, 'note', v_charge.note,
                                         'settled_at', v_charge.settled_at) END,
          'before', jsonb_build_object(
            'stage', j.stage, 'state', j.state, 'attempts', j.attempts, 'crashes', j.crashes, 'request', j.request,
            'not_before', j.not_before, 'finished_at', j.finished_at, 'error_code', j.error_code,
            'error_text', j.error_text, 'screen', j.screen, 'fresh', j.fresh, 'targets', j.targets,
            'document_id', j.document_id)) END);
  RETURN v_answer;
END $$;

-- Takes one requeue back, if nobody has taken the job up since: its fence is still the one the requeue left. Answers
-- `restored`, or why not: `undone` before, `moved_on`, `rival` (another order is buying what this one had in doubt).
-- Without `p_do` it only answers.
CREATE FUNCTION registre.undo_requeue(p_event bigint, p_actor text, p_do boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  e        registre.event;
  j        registre.job;
  b        registre.job;
  v_charge registre.charge;
BEGIN
  SELECT * INTO e FROM registre.event WHERE id = p_event;
  b := jsonb_populate_record(NULL::registre.job, e.data -> 'before');
  IF p_do THEN
    SELECT * INTO j FROM registre.job WHERE id = e.job_id FOR UPDATE;
  ELSE
    SELECT * INTO j FROM registre.job WHERE id = e.job_id;
  END IF;
  IF EXISTS (SELECT 1 FROM registre.event u WHERE u.job_id = e.job_id AND u.name = 'job.requeue_undone'
             AND (u.data ->> 'of')::bigint = p_event) THEN
    RETURN 'undone';
  ELSIF j.state IS DISTINCT FROM 'queued' OR j.fence <> (e.data ->> 'fence')::bigint THEN
    RETURN 'moved_on';
  END IF;
  SELECT * INTO v_charge FROM registre.charge WHERE id = (e.data -> 'charge' ->> 'id')::uuid;
  IF v_charge.id IS NOT NULL AND EXISTS (
       SELECT 1 FROM registre.charge c WHERE c.document_key = v_charge.document_key AND c.id <> v_charge.id
       AND c.state IN ('intent', 'paid', 'unproven')) THEN
    RETURN 'rival';
  ELSIF NOT p_do THEN
    RETURN 'restored';
  END IF;
  UPDATE registre.charge SET state = e.data -> 'charge' ->> 'state', note = e.data -> 'charge' -> 'note',
    settled_at = (e.data -> 'charge' ->> 'settled_at')::timestamptz WHERE id = v_charge.id;
  PERFORM set_config('registre.actor', p_actor, true);
  UPDATE registre.job SET
    stage = b.stage, state = b.state, attempts = b.attempts, crashes = b.crashes, request = b.request,
    not_before = b.not_before, finished_at = b.finished_at, error_code = b.error_code, error_text = b.error_text,
    screen = b.screen, fresh = b.fresh, targets = b.targets, document_id = b.document_id,
    fence = fence + 1, announced_at = now(), updated_at = now()
  WHERE id = j.id AND state = 'queued' AND fence = j.fence;
  PERFORM set_config('registre.actor', '', true);
  -- The mirror has said what is true of the job; the public row gets back its own times and words as well.
  PERFORM set_config('registre.mirror', 'on', true);
  UPDATE public.extraction_queue q SET
    status_id = r.status_id, worker_id = r.worker_id, processing_started_at = r.processing_started_at,
    attemtps = r.attemtps, supabase_path = r.supabase_path, error_message = r.error_message,
    ocr_worker_id = r.ocr_worker_id, ocr_started_at = r.ocr_started_at, ocr_completed_at = r.ocr_completed_at,
    ocr_attempts = r.ocr_attempts, ocr_error = r.ocr_error, ocr_last_error_at = r.ocr_last_error_at, updated_at = now()
  FROM jsonb_populate_record(NULL::public.extraction_queue, e.data -> 'row') r WHERE q.id = j.order_id;
  PERFORM set_config('registre.mirror', 'off', true);
  DELETE FROM dramatiq.queue m WHERE m.message -> 'args' ->> 0 = j.id::text AND m.state = 'queued';
  IF b.state = 'waiting' THEN
    PERFORM registre.enqueue(b.stage, j.id, greatest(b.not_before - now(), '0'), NULL, j.priority);
  END IF;
  INSERT INTO registre.event (job_id, name, actor, data) VALUES
    (j.id, 'job.requeue_undone', p_actor, jsonb_build_object('of', p_event, 'batch', e.data ->> 'batch'));
  RETURN 'restored';
END $$;
