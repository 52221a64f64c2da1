-- Safe while old workers run only if they are stopped from claiming: from here on a new row is ours.
-- The door: rows in, messages out, statuses back. Everything in the transaction of whoever wrote the row.

-- Writes a message exactly as dramatiq-pg's broker.enqueue would (a test compares them) and wakes the consumers.
-- The NOTIFY carries nothing: a payload is limited to 8 kB and travels to every process.
CREATE FUNCTION registre.enqueue(p_stage text, p_job uuid, p_delay interval DEFAULT '0', p_queue text DEFAULT NULL,
                                 p_priority integer DEFAULT 0)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  v_id      uuid := gen_random_uuid();
  v_now     bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  v_delay   bigint := floor(extract(epoch FROM p_delay) * 1000);
  v_queue   text := coalesce(p_queue, p_stage);
  v_options jsonb := '{}';
BEGIN
  IF p_priority <> 0 THEN
    v_options := jsonb_build_object('broker_priority', p_priority);
  END IF;
  IF v_delay > 0 THEN
    v_queue := v_queue || '.DQ';
    v_options := v_options || jsonb_build_object('eta', v_now + v_delay);
  END IF;
  INSERT INTO dramatiq.queue (queue_name, message_id, state, message)
  VALUES (v_queue, v_id, 'queued', jsonb_build_object(
    'queue_name', v_queue, 'actor_name', p_stage, 'args', jsonb_build_array(p_job), 'kwargs', '{}'::jsonb,
    'options', v_options, 'message_id', v_id, 'message_timestamp', v_now));
  PERFORM pg_notify('dramatiq.' || v_queue || '.enqueue', '');
  RETURN v_id;
END $$;

-- The public status of a job: the only place where the two vocabularies meet.
CREATE FUNCTION registre.public_status(p_stage text, p_state text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_state IN ('refused', 'failed', 'cancelled') THEN 4
    WHEN p_state = 'done' THEN 5
    WHEN p_stage = 'ocr' AND p_state = 'running' THEN 6
    WHEN p_stage = 'ocr' THEN 3
    WHEN p_stage = 'fetch' AND p_state IN ('queued', 'waiting') THEN 1
    ELSE 2
  END
$$;

CREATE FUNCTION registre.order_request(q public.extraction_queue) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object(
    'document_source', q.document_source, 'document_number', q.document_number,
    'document_number_normalized', q.document_number_normalized,
    'circonscription_fonciere', q.circonscription_fonciere, 'cadastre', q.cadastre,
    'designation_secondaire', q.designation_secondaire, 'acte_type', q.acte_type)
$$;

-- Job → public row, and one event for each step.
CREATE FUNCTION registre.mirror() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_status integer := registre.public_status(NEW.stage, NEW.state);
  v_old    integer;
  v_ocr    boolean := NEW.stage = 'ocr';
BEGIN
  IF NEW.state = 'imported' THEN
    RETURN NULL;
  END IF;
  SELECT status_id INTO v_old FROM public.extraction_queue WHERE id = NEW.order_id FOR UPDATE;
  PERFORM set_config('registre.mirror', 'on', true);
  UPDATE public.extraction_queue q SET
    status_id = v_status,
    worker_id = CASE WHEN NEW.state = 'running' AND NOT v_ocr THEN NEW.worker END,
    processing_started_at = CASE WHEN v_status = 2 THEN coalesce(q.processing_started_at, now())
                                 WHEN v_status = 1 THEN NULL ELSE q.processing_started_at END,
    attemtps = CASE WHEN v_ocr THEN q.attemtps ELSE NEW.attempts END,
    supabase_path = coalesce((SELECT path FROM registre.document WHERE id = NEW.document_id), q.supabase_path),
    error_message = CASE WHEN v_status = 4 AND NOT v_ocr THEN NEW.error_text
                         WHEN v_status = 1 AND NEW.error_code IS NOT NULL THEN NEW.error_text END,
    ocr_worker_id = CASE WHEN NEW.state = 'running' AND v_ocr THEN NEW.worker END,
    ocr_started_at = CASE WHEN v_status = 6 THEN now() WHEN v_status = 1 THEN NULL ELSE q.ocr_started_at END,
    ocr_completed_at = CASE WHEN v_status = 5 THEN now() END,
    ocr_attempts = CASE WHEN v_ocr THEN NEW.attempts ELSE 0 END,
    ocr_error = CASE WHEN v_ocr AND v_status IN (3, 4) THEN NEW.error_text END,
    ocr_last_error_at = CASE WHEN v_ocr AND v_status IN (3, 4) AND NEW.error_code IS NOT NULL THEN now()
                             ELSE q.ocr_last_error_at END,
    updated_at = now()
  WHERE q.id = NEW.order_id;
  PERFORM set_config('registre.mirror', 'off', true);
  INSERT INTO registre.event (job_id, name, actor, data)
  VALUES (NEW.id, 'job.' || NEW.state, coalesce(NEW.worker, nullif(current_setting('registre.actor', true), ''), session_user),
          jsonb_strip_nulls(jsonb_build_object('stage', NEW.stage, 'fence', NEW.fence, 'attempts', NEW.attempts,
            'code', NEW.error_code, 'not_before', NEW.not_before, 'status_from', v_old, 'status_to', v_status)));
  RETURN NULL;
END $$;
CREATE TRIGGER mirror_update AFTER UPDATE OF stage, state, fence, document_id ON registre.job
  FOR EACH ROW WHEN (OLD.stage IS DISTINCT FROM NEW.stage OR OLD.state IS DISTINCT FROM NEW.state
                     OR OLD.fence IS DISTINCT FROM NEW.fence) EXECUTE FUNCTION registre.mirror();

-- Puts a job back to work: the one requeue of CLI, API and `status_id = 1`. Stage-aware: what was paid is not
-- bought again, what was stored is only read again. Answers what it did, or why not.
CREATE FUNCTION registre.requeue(p_job uuid, p_actor text, p_rebuy boolean DEFAULT false)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  j         registre.job;
  v_request jsonb;
  v_charge  registre.charge;
  v_stage   text;
  v_answer  text;
  v_stored  boolean;
BEGIN
  SELECT * INTO j FROM registre.job WHERE id = p_job FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  SELECT registre.order_request(q), j.state = 'imported' AND q.supabase_path IS NOT NULL
    INTO v_request, v_stored FROM public.extraction_queue q WHERE q.id = j.order_id;
  SELECT * INTO v_charge FROM registre.charge
    WHERE job_id = p_job AND state IN ('intent', 'paid', 'unproven') FOR UPDATE;
  IF j.state IN ('queued', 'running') THEN
    v_answer := 'already_' || j.state;
  -- Corrected words must not be answered with what was bought for the old ones.
  ELSIF NOT p_rebuy AND v_charge.id IS NOT NULL AND (v_request <> j.request
        OR (v_charge.state IN ('paid', 'unproven') AND j.state = 'failed'
            AND j.error_code IN ('charge_unproven', 'document_timeout', 'bad_pdf', 'wrong_document'))) THEN
    v_answer := 'needs_rebuy';
  ELSE
    IF p_rebuy AND v_charge.id IS NOT NULL THEN
      UPDATE registre.charge SET state = CASE WHEN paid_at IS NULL THEN 'void' ELSE 'lost' END, settled_at = now(),
        note = note || jsonb_build_object('settled_by', p_actor) WHERE id = v_charge.id;
    END IF;
    v_request := coalesce(v_request, j.request);
    v_stage := CASE
      WHEN p_rebuy OR v_request <> j.request OR j.state = 'done' THEN 'fetch'
      WHEN v_stored OR (j.stage = 'store' AND j.document_id IS NULL AND v_charge.id IS NULL) THEN 'store'
      WHEN j.document_id IS NOT NULL THEN 'ocr'
      WHEN v_charge.state = 'paid' AND v_charge.staging_key IS NOT NULL THEN 'store'
      ELSE 'fetch' END;
    PERFORM set_config('registre.actor', p_actor, true);
    UPDATE registre.job SET
      stage = v_stage, state = 'queued', attempts = 0, crashes = 0, request = v_request, worker = NULL,
      lease_until = NULL, not_before = NULL, hold_worker = NULL, hold_until = NULL, finished_at = NULL,
      error_code = NULL, error_text = NULL, announced_at = now(), updated_at = now(),
      fresh = fresh OR (p_rebuy AND state = 'done'), fence = fence + 1,
      targets = CASE WHEN v_stage = 'fetch' THEN NULL ELSE targets END,
      document_id = CASE WHEN v_stage = 'fetch' THEN NULL ELSE document_id END
    WHERE id = p_job;
    PERFORM registre.enqueue(v_stage, p_job, '0', NULL, j.priority);
    PERFORM set_config('registre.actor', '', true);
    v_answer := v_stage;
  END IF;
  INSERT INTO registre.event (job_id, name, actor, data) VALUES
    (p_job, 'job.requeue', p_actor, jsonb_build_object('answer', v_answer, 'rebuy', p_rebuy, 'was', j.state,
                                                       'code', j.error_code));
  RETURN v_answer;
END $$;

-- Stops a job for good, unless money is on the table: a purchase under way is always brought to its end.
CREATE FUNCTION registre.cancel(p_job uuid, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_answer text := 'cancelled';
BEGIN
  PERFORM set_config('registre.actor', p_actor, true);
  -- In a statement of its own: a purchase written while this waits for the row is seen by the next.
  PERFORM 1 FROM registre.job WHERE id = p_job FOR UPDATE;
  UPDATE registre.job j SET state = 'cancelled', fence = fence + 1, worker = NULL, lease_until = NULL, not_before = NULL,
    hold_worker = NULL, hold_until = NULL, finished_at = now(), updated_at = now(),
    error_code = 'cancelled', error_text = 'Annulé par ' || p_actor || '.'
  WHERE id = p_job AND state IN ('queued', 'waiting', 'running', 'imported')
    AND NOT EXISTS (SELECT 1 FROM registre.charge c
                    WHERE c.job_id = j.id AND c.state IN ('intent', 'paid', 'unproven'));
  IF NOT FOUND THEN
    v_answer := 'too_late';
  END IF;
  PERFORM set_config('registre.actor', '', true);
  INSERT INTO registre.event (job_id, name, actor, data)
  VALUES (p_job, 'job.cancel', p_actor, jsonb_build_object('answer', v_answer));
  RETURN v_answer;
END $$;

-- The public row's own triggers. They never make an application's statement fail: a bad order becomes a refused job,
-- and whoever may insert a row needs no right on our schemas (hence SECURITY DEFINER).
CREATE FUNCTION registre.door_insert() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_job uuid;
BEGIN
  INSERT INTO registre.job (order_id, kind, request, max_attempts, announced_at, fresh, priority)
  VALUES (NEW.id, coalesce(NEW.document_source, ''), registre.order_request(NEW),
          greatest(coalesce(NEW.max_attempts, 3), 1), now(),
          coalesce(current_setting('registre.fresh', true), '') = 'on',
          coalesce(nullif(current_setting('registre.priority', true), '')::integer, 0))
  ON CONFLICT (order_id) DO NOTHING RETURNING id INTO v_job;
  IF v_job IS NOT NULL THEN
    INSERT INTO registre.event (job_id, name, actor, data)
    VALUES (v_job, 'job.queued', session_user, jsonb_build_object('stage', 'fetch', 'status_to', 1));
    PERFORM registre.enqueue('fetch', v_job, '0', NULL,
                             coalesce(nullif(current_setting('registre.priority', true), '')::integer, 0));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER registre_door_insert AFTER INSERT ON public.extraction_queue
  FOR EACH ROW WHEN (NEW.status_id = 1) EXECUTE FUNCTION registre.door_insert();

CREATE FUNCTION registre.door_update() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  j        registre.job;
  v_answer text;
  v_actor  text := coalesce(nullif(current_setting('registre.actor', true), ''), session_user);
BEGIN
  IF current_setting('registre.mirror', true) = 'on' THEN
    RETURN NULL;
  END IF;
  SELECT * INTO j FROM registre.job WHERE order_id = NEW.id;
  IF NOT FOUND THEN
    IF NEW.status_id = 1 THEN
      INSERT INTO registre.job (order_id, kind, request, max_attempts, announced_at)
      VALUES (NEW.id, coalesce(NEW.document_source, ''), registre.order_request(NEW),
              greatest(coalesce(NEW.max_attempts, 3), 1), now()) RETURNING * INTO j;
      PERFORM registre.enqueue('fetch', j.id);
    END IF;
    RETURN NULL;
  END IF;
  IF NEW.status_id = 1 THEN
    v_answer := registre.requeue(j.id, v_actor);
  ELSIF NEW.status_id = 4 AND j.state <> 'imported' THEN
    v_answer := registre.cancel(j.id, v_actor);
  END IF;
  -- What was asked could not be done: the row goes back to saying what is true.
  IF v_answer IN ('already_running', 'already_queued', 'needs_rebuy', 'too_late') THEN
    PERFORM set_config('registre.mirror', 'on', true);
    UPDATE public.extraction_queue SET status_id = registre.public_status(j.stage, j.state) WHERE id = NEW.id;
    PERFORM set_config('registre.mirror', 'off', true);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER registre_door_update AFTER UPDATE OF status_id ON public.extraction_queue
  FOR EACH ROW WHEN (NEW.status_id IS DISTINCT FROM OLD.status_id AND NEW.status_id IN (1, 4))
  EXECUTE FUNCTION registre.door_update();

-- Rows of the old system: known, shown by `registre diagnose`, and untouched until a command says otherwise.
INSERT INTO registre.job (order_id, kind, request, stage, state, max_attempts, created_at)
SELECT q.id, coalesce(q.document_source, ''), registre.order_request(q),
       CASE WHEN q.status_id IN (3, 5, 6) THEN 'ocr' ELSE 'fetch' END, 'imported',
       greatest(coalesce(q.max_attempts, 3), 1), coalesce(q.created_at, now())
FROM public.extraction_queue q
ON CONFLICT (order_id) DO NOTHING;
