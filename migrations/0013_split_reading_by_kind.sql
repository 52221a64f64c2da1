-- Safe while old workers run; they read indexes only, actes wait for new ones.
-- Readings of actes go by a queue of their own, so that slots can be divided between the two kinds.

CREATE OR REPLACE FUNCTION registre.enqueue(p_stage text, p_job uuid, p_delay interval DEFAULT '0',
                                            p_queue text DEFAULT NULL, p_priority integer DEFAULT 0)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  v_id      uuid := gen_random_uuid();
  v_now     bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  v_delay   bigint := floor(extract(epoch FROM p_delay) * 1000);
  v_queue   text := coalesce(p_queue, p_stage);
  v_options jsonb := '{}';
BEGIN
  IF v_queue = 'ocr' AND EXISTS (SELECT FROM registre.job WHERE id = p_job AND kind = 'acte') THEN
    v_queue := 'ocr_acte';
  END IF;
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
