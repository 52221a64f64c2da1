-- Safe while old workers run: two more words are allowed, and they never end a job with a page that failed.
-- A page may also be read by the second reader where the paid one would not, or be retaken in halves.

ALTER TABLE registre.page DROP CONSTRAINT page_state_check;
ALTER TABLE registre.page ADD CONSTRAINT page_state_check
  CHECK (state IN ('read', 'blank', 'second_reader', 'retaken', 'failed'));

-- "Done" without evidence is impossible: a stored document, and for what is read every page ended, none of them failed.
CREATE OR REPLACE FUNCTION registre.require_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted integer;
  ended  integer;
BEGIN
  SELECT pages INTO wanted FROM registre.document WHERE id = NEW.document_id;
  IF NEW.kind <> 'plan_cadastraux' THEN
    SELECT count(*) INTO ended FROM registre.page WHERE document_id = NEW.document_id AND state <> 'failed';
    IF ended IS DISTINCT FROM wanted THEN
      RAISE EXCEPTION 'job % cannot be done: % of % pages have ended', NEW.id, ended, wanted
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
