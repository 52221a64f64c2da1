-- Safe while old workers run: a new schema.
-- The job's life: one row an order, one a try, one a purchase, one a document, one a page, one an event.

CREATE SCHEMA IF NOT EXISTS registre;

CREATE TABLE registre.document (
  id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_key   text NOT NULL,          -- natural key in the registry's words: what was bought
  kind           text NOT NULL,
  target         jsonb NOT NULL,
  sha256         text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size           bigint NOT NULL CHECK (size > 0),
  pages          integer NOT NULL CHECK (pages > 0),
  object_key     text NOT NULL,          -- content-addressed, in the staging-independent `objects` bucket
  path           text NOT NULL UNIQUE,   -- bucket/key, readable: what `supabase_path` says
  number_checked boolean,                -- the ordered number was seen inside; null until a scan has been read
  created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX document_by_key ON registre.document (document_key, created_at DESC);

CREATE TABLE registre.job (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  order_id      uuid UNIQUE REFERENCES public.extraction_queue (id) ON DELETE SET NULL,
  site          text NOT NULL DEFAULT 'foncier',
  kind          text NOT NULL,
  request       jsonb NOT NULL,           -- the public row's order columns
  request_key   text,                     -- folded words of the order, once it was found well-formed
  targets       jsonb,                    -- what the registry offers for it, best first, once located
  stage         text NOT NULL DEFAULT 'fetch' CHECK (stage IN ('fetch', 'download', 'store', 'ocr')),
  state         text NOT NULL DEFAULT 'queued' CHECK (state IN
                  ('queued', 'waiting', 'running', 'done', 'refused', 'failed', 'cancelled', 'imported')),
  attempts      integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  max_attempts  integer NOT NULL DEFAULT 3 CHECK (max_attempts > 0),
  crashes       integer NOT NULL DEFAULT 0,
  fence         bigint NOT NULL DEFAULT 0, -- grows by one a claim; every later write carries it
  worker        text,
  lease_until   timestamptz,
  not_before    timestamptz,
  announced_at  timestamptz,               -- when its last message was written
  hold_worker   text,                      -- the process that has the document's page open
  hold_until    timestamptz,
  document_id   uuid REFERENCES registre.document (id),
  staging_key   text,
  fresh         boolean NOT NULL DEFAULT false,  -- buy anew even if a young one is held
  priority      integer NOT NULL DEFAULT 0,
  error_code    text,
  error_text    text,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  finished_at   timestamptz,
  CONSTRAINT job_running_is_leased CHECK ((state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)),
  CONSTRAINT job_waiting_has_time  CHECK (state <> 'waiting' OR not_before IS NOT NULL),
  CONSTRAINT job_done_has_document CHECK (state <> 'done' OR document_id IS NOT NULL),
  CONSTRAINT job_failed_has_cause  CHECK (state NOT IN ('refused', 'failed') OR error_code IS NOT NULL)
);
CREATE INDEX job_open ON registre.job (state, stage, not_before) WHERE state IN ('queued', 'waiting', 'running');
CREATE INDEX job_lease ON registre.job (lease_until) WHERE state = 'running';
CREATE INDEX job_by_request ON registre.job (request_key);
CREATE INDEX job_by_document ON registre.job (document_id);
CREATE INDEX job_by_error ON registre.job (error_code) WHERE state IN ('failed', 'refused');

CREATE TABLE registre.attempt (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id     uuid NOT NULL REFERENCES registre.job (id) ON DELETE CASCADE,
  stage      text NOT NULL,
  fence      bigint NOT NULL,
  worker     text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at   timestamptz,
  verdict    text,
  error_code text,
  error_text text CHECK (length(error_text) <= 2000),
  screen     text,
  snapshot   text,
  UNIQUE (job_id, fence)
);

CREATE TABLE registre.charge (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  job_id       uuid NOT NULL REFERENCES registre.job (id),
  document_key text NOT NULL,
  target       jsonb NOT NULL,
  account_id   uuid,
  state        text NOT NULL DEFAULT 'intent'
               CHECK (state IN ('intent', 'paid', 'have', 'void', 'lost', 'unproven')),
  amount_cents integer NOT NULL,
  demande      text,                        -- the registry's own number of the purchase
  note         jsonb NOT NULL DEFAULT '{}',
  staging_key  text,
  document_id  uuid REFERENCES registre.document (id),
  intent_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  paid_at      timestamptz,
  settled_at   timestamptz,
  CONSTRAINT charge_have_has_document CHECK (state <> 'have' OR document_id IS NOT NULL)
);
-- One purchase at a time of one document, and one open purchase an order: what makes "never twice" a constraint.
CREATE UNIQUE INDEX charge_open_by_document ON registre.charge (document_key) WHERE state IN ('intent', 'paid', 'unproven');
CREATE UNIQUE INDEX charge_open_by_job ON registre.charge (job_id) WHERE state IN ('intent', 'paid', 'unproven');
CREATE INDEX charge_by_job ON registre.charge (job_id);
CREATE INDEX charge_by_day ON registre.charge (intent_at);

CREATE TABLE registre.page (
  document_id    uuid NOT NULL REFERENCES registre.document (id) ON DELETE CASCADE,
  number         integer NOT NULL CHECK (number > 0),
  state          text NOT NULL CHECK (state IN ('read', 'blank', 'failed')),
  reader         text NOT NULL,
  reader_version text NOT NULL,
  text           text NOT NULL,
  rows           jsonb NOT NULL DEFAULT '[]',
  header         jsonb NOT NULL DEFAULT '{}',
  confidence     real,
  error          text,
  search_text    text NOT NULL DEFAULT '',  -- folded: no accents, no case
  search         tsvector GENERATED ALWAYS AS (to_tsvector('french', search_text)) STORED,
  read_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (document_id, number)
);
CREATE INDEX page_search ON registre.page USING gin (search);

CREATE TABLE registre.event (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  job_id uuid,
  name   text NOT NULL,
  actor  text,
  data   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX event_by_job ON registre.event (job_id, id);

-- "Done" without evidence is impossible: a stored document, and for what is read one terminal row a page.
CREATE FUNCTION registre.require_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted integer;
  ended  integer;
BEGIN
  SELECT pages INTO wanted FROM registre.document WHERE id = NEW.document_id;
  IF NEW.kind <> 'plan_cadastraux' THEN
    SELECT count(*) INTO ended FROM registre.page WHERE document_id = NEW.document_id;
    IF ended IS DISTINCT FROM wanted THEN
      RAISE EXCEPTION 'job % cannot be done: % of % pages have ended', NEW.id, ended, wanted
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER require_evidence BEFORE UPDATE OF state ON registre.job
  FOR EACH ROW WHEN (NEW.state = 'done' AND OLD.state <> 'done') EXECUTE FUNCTION registre.require_evidence();
