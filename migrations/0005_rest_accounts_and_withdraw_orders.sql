-- Safe while old workers run: they let no account rest and stop no deleted order, as before.
-- Accounts that rest after a bad login, what each bought today at hand, and orders withdrawn by deleting their row.

ALTER TABLE public.worker_accounts
  ADD COLUMN rest_until timestamptz,                 -- not leased before
  ADD COLUMN rest_count integer NOT NULL DEFAULT 0,  -- rests since the last good login: each is longer
  ADD COLUMN rest_code  text;                        -- why

CREATE INDEX charge_by_account ON registre.charge (account_id, intent_at);

-- When the day began in Québec: what ceilings count from.
CREATE FUNCTION registre.midnight() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT date_trunc('day', now() AT TIME ZONE 'America/Toronto') AT TIME ZONE 'America/Toronto'
$$;

-- An application deleted the row of its order. What has not been bought never will be; a purchase under way is brought
-- to its end and its document kept, and what is being read is read to the end: both answer the next order for it.
CREATE FUNCTION registre.order_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  v_answer text := 'cancelled';
BEGIN
  UPDATE registre.job j SET
    state = 'cancelled', fence = fence + 1, worker = NULL, lease_until = NULL, not_before = NULL, hold_worker = NULL,
    hold_until = NULL, finished_at = now(), updated_at = now(), error_code = 'cancelled',
    error_text = 'La ligne de la demande a été effacée par ' || session_user || '.'
  WHERE id = NEW.id
    AND (state = 'imported' OR (stage <> 'ocr' AND NOT EXISTS (
      SELECT 1 FROM registre.charge c WHERE c.job_id = j.id AND c.state IN ('intent', 'paid', 'unproven'))));
  IF NOT FOUND THEN
    v_answer := 'goes_on';
  END IF;
  INSERT INTO registre.event (job_id, name, actor, data)
  VALUES (NEW.id, 'job.order_deleted', session_user, jsonb_build_object('answer', v_answer, 'order', OLD.order_id));
  RETURN NULL;
END $$;
CREATE TRIGGER order_deleted AFTER UPDATE OF order_id ON registre.job
  FOR EACH ROW WHEN (OLD.order_id IS NOT NULL AND NEW.order_id IS NULL
                     AND NEW.state IN ('queued', 'waiting', 'running', 'imported'))
  EXECUTE FUNCTION registre.order_deleted();
