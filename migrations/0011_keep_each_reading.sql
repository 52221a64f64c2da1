-- Safe while old workers run: a new table and new columns with defaults.
-- Every reader's own reading of a page, beside the one that was agreed on: nothing read, and nothing paid for, is lost.

CREATE TABLE registre.reading (
  document_id    uuid NOT NULL REFERENCES registre.document (id) ON DELETE CASCADE,
  number         integer NOT NULL CHECK (number > 0),
  reader         text NOT NULL,
  reader_version text NOT NULL,           -- library or model, with the prompt's version and hash: the same again reads nothing new
  outcome        text NOT NULL,           -- read, blank, failed, or how the paid reader's call ended
  reading        jsonb NOT NULL,
  read_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (document_id, number, reader, reader_version)
);

ALTER TABLE registre.page
  ADD COLUMN doubts jsonb NOT NULL DEFAULT '[]';

-- What the whole document says, found in its pages; and the changes between its text and the corrected copy.
ALTER TABLE registre.document
  ADD COLUMN content jsonb,
  ADD COLUMN corrections jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN reading_job uuid,            -- who reads it now, so that two orders of one document read it once
  ADD COLUMN reading_until timestamptz;

-- What a person decided about a doubtful field: an entry of the record, a test for every later reader.
CREATE TABLE registre.review (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id uuid NOT NULL REFERENCES registre.document (id) ON DELETE CASCADE,
  number      integer NOT NULL,
  place       integer,                    -- row of the page, from 0; null: the page's text
  field       text NOT NULL,
  readings    jsonb NOT NULL,             -- reader → what it read
  value       jsonb NOT NULL,             -- what the page says
  actor       text NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX review_by_document ON registre.review (document_id, number);

-- Reads a stored document again, from its object: never the site, never money for the document itself.
ALTER TABLE registre.job
  ADD COLUMN reread jsonb;                -- {"pages": [1, 3] or null for all, "engine": "…"}; null once it is done

CREATE FUNCTION registre.reread(p_job uuid, p_actor text, p_wish jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  j registre.job;
BEGIN
  SELECT * INTO j FROM registre.job WHERE id = p_job FOR UPDATE;
  IF NOT FOUND OR j.document_id IS NULL THEN
    RETURN 'no_document';
  ELSIF j.state NOT IN ('done', 'failed') THEN
    RETURN 'already_' || j.state;
  ELSIF j.state = 'failed' AND j.stage <> 'ocr' THEN
    RETURN 'not_stored';
  ELSIF EXISTS (SELECT 1 FROM jsonb_array_elements_text(nullif(p_wish -> 'pages', 'null')) AS page, registre.document d
                WHERE d.id = j.document_id AND page::integer > d.pages) THEN
    RETURN 'no_such_page';
  END IF;
  PERFORM set_config('registre.actor', p_actor, true);
  UPDATE registre.job SET stage = 'ocr', state = 'queued', reread = p_wish, attempts = 0, crashes = 0, worker = NULL,
    lease_until = NULL, not_before = NULL, finished_at = NULL, error_code = NULL, error_text = NULL, fence = fence + 1,
    announced_at = now(), updated_at = now()
  WHERE id = p_job;
  PERFORM registre.enqueue('ocr', p_job, '0', NULL, j.priority);
  PERFORM set_config('registre.actor', '', true);
  INSERT INTO registre.event (job_id, name, actor, data) VALUES (p_job, 'job.reread', p_actor, p_wish);
  RETURN 'ocr';
END $$;
