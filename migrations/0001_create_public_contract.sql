-- Safe while old workers run: only adds tables and columns.
-- The tables that applications insert into and read from. From nothing it creates them; on a database that
-- already has them it adds what is missing and changes no row.

CREATE TABLE IF NOT EXISTS public.extraction_status (
  id   integer PRIMARY KEY,
  name text NOT NULL
);
INSERT INTO public.extraction_status (id, name) VALUES
  (1, 'En attente'), (2, 'En traitement'), (3, 'Complété'), (4, 'Erreur'), (5, 'Extraction Complété'),
  (6, 'OCR en traitement')
ON CONFLICT (id) DO NOTHING;

CREATE TABLE IF NOT EXISTS public.extraction_queue (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_source text NOT NULL,
  document_number text NOT NULL,
  status_id       integer NOT NULL DEFAULT 1 REFERENCES public.extraction_status (id),
  created_at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE public.extraction_queue
  ADD COLUMN IF NOT EXISTS document_number_normalized text,
  ADD COLUMN IF NOT EXISTS circonscription_fonciere   text,
  ADD COLUMN IF NOT EXISTS cadastre                   text,
  ADD COLUMN IF NOT EXISTS designation_secondaire     text,
  ADD COLUMN IF NOT EXISTS acte_type                  text,
  ADD COLUMN IF NOT EXISTS worker_id                  text,
  ADD COLUMN IF NOT EXISTS processing_started_at      timestamptz,
  ADD COLUMN IF NOT EXISTS attemtps                   integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS max_attempts               integer DEFAULT 3,
  ADD COLUMN IF NOT EXISTS retry_count                integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS supabase_path              text,
  ADD COLUMN IF NOT EXISTS error_message              text,
  ADD COLUMN IF NOT EXISTS file_content               text,
  ADD COLUMN IF NOT EXISTS boosted_file_content       text,
  ADD COLUMN IF NOT EXISTS searchable_file_content    text,
  ADD COLUMN IF NOT EXISTS claude_file_id             text,
  ADD COLUMN IF NOT EXISTS file_id_active             boolean DEFAULT false,
  ADD COLUMN IF NOT EXISTS ocr_worker_id              text,
  ADD COLUMN IF NOT EXISTS ocr_started_at             timestamptz,
  ADD COLUMN IF NOT EXISTS ocr_completed_at           timestamptz,
  ADD COLUMN IF NOT EXISTS ocr_attempts               integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ocr_max_attempts           integer DEFAULT 3,
  ADD COLUMN IF NOT EXISTS ocr_error                  text,
  ADD COLUMN IF NOT EXISTS ocr_last_error_at          timestamptz,
  ADD COLUMN IF NOT EXISTS updated_at                 timestamptz DEFAULT now(),
  ALTER COLUMN status_id SET DEFAULT 1;

-- The misspelled column is the contract; the well-spelled one mirrors it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                 WHERE table_schema = 'public' AND table_name = 'extraction_queue' AND column_name = 'attempts') THEN
    ALTER TABLE public.extraction_queue ADD COLUMN attempts integer GENERATED ALWAYS AS (attemtps) STORED;
  END IF;
END $$;

-- Holds for every new write; rows of the old system that violate it stay readable and `registre diagnose` lists them.
ALTER TABLE public.extraction_queue DROP CONSTRAINT IF EXISTS extraction_queue_read_has_text;
ALTER TABLE public.extraction_queue ADD CONSTRAINT extraction_queue_read_has_text
  CHECK (status_id <> 5 OR document_source NOT IN ('index', 'acte') OR file_content IS NOT NULL) NOT VALID;
CREATE INDEX IF NOT EXISTS extraction_queue_status ON public.extraction_queue (status_id, document_source, created_at);

CREATE TABLE IF NOT EXISTS public.search_sessions (
  id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id                 uuid,
  initial_search_query    text NOT NULL,
  status                  text NOT NULL DEFAULT 'pending_company_selection',
  selected_req_company_id uuid,
  final_pdf_path          text,
  error_message           text,
  error_details           jsonb,
  req_completed           boolean NOT NULL DEFAULT false,
  req_results_count       integer,
  created_at              timestamptz NOT NULL DEFAULT now(),
  updated_at              timestamptz NOT NULL DEFAULT now(),
  completed_at            timestamptz
);

CREATE TABLE IF NOT EXISTS public.req_companies (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  search_session_id uuid NOT NULL REFERENCES public.search_sessions (id) ON DELETE CASCADE,
  company_name      text,
  neq               text,
  is_selected       boolean NOT NULL DEFAULT false,
  result_order      integer,
  raw_data          jsonb,
  cleaned_data      jsonb,
  screenshot_path   text,
  names_created     boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.selected_names_for_rdprm (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  search_session_id  uuid NOT NULL REFERENCES public.search_sessions (id) ON DELETE CASCADE,
  name_to_search     text NOT NULL,
  source_type        text,
  source_id          uuid,
  is_selected        boolean NOT NULL DEFAULT true,
  presentation_order integer,
  created_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.rdprm_searches (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  search_session_id uuid NOT NULL REFERENCES public.search_sessions (id) ON DELETE CASCADE,
  selected_name_id  uuid REFERENCES public.selected_names_for_rdprm (id) ON DELETE SET NULL,
  search_name       text NOT NULL,
  status            text NOT NULL DEFAULT 'pending',
  storage_path      text,
  error_message     text,
  error_details     jsonb,
  created_at        timestamptz NOT NULL DEFAULT now(),
  completed_at      timestamptz
);
ALTER TABLE public.rdprm_searches ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();

CREATE TABLE IF NOT EXISTS public.worker_accounts (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username   text NOT NULL,
  password   text NOT NULL,
  is_active  boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- `password` holds `fernet:…`; a value without that prefix is an old clear one and is not used until
-- `registre accounts encrypt` has been run.
ALTER TABLE public.worker_accounts
  ADD COLUMN IF NOT EXISTS last_used     timestamptz,
  ADD COLUMN IF NOT EXISTS failure_count integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS updated_at    timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS site          text NOT NULL DEFAULT 'foncier',
  ADD COLUMN IF NOT EXISTS benched_code  text,
  ADD COLUMN IF NOT EXISTS benched_text  text,
  ADD COLUMN IF NOT EXISTS lease_worker  text,
  ADD COLUMN IF NOT EXISTS lease_until   timestamptz;
ALTER TABLE public.worker_accounts ENABLE ROW LEVEL SECURITY;

CREATE TABLE IF NOT EXISTS public.worker_status (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  worker_id  text NOT NULL UNIQUE,
  status     text NOT NULL DEFAULT 'idle',
  started_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE public.worker_status
  ADD COLUMN IF NOT EXISTS current_job_id uuid,
  ADD COLUMN IF NOT EXISTS account_id     uuid,
  ADD COLUMN IF NOT EXISTS last_heartbeat timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS jobs_completed integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS jobs_failed    integer DEFAULT 0,
  ADD COLUMN IF NOT EXISTS role           text,
  ADD COLUMN IF NOT EXISTS host           text,
  ADD COLUMN IF NOT EXISTS pid            integer,
  ADD COLUMN IF NOT EXISTS version        text;
-- The old check refused the word that its own workers wrote at shutdown.
ALTER TABLE public.worker_status DROP CONSTRAINT IF EXISTS worker_status_status_check;
ALTER TABLE public.worker_status ADD CONSTRAINT worker_status_status_check
  CHECK (status IN ('idle', 'busy', 'error', 'offline', 'stopped'));
ALTER TABLE public.worker_status ENABLE ROW LEVEL SECURITY;

-- Supabase gives its anonymous role everything by default; of these it gets nothing.
DO $$
DECLARE reader text;
BEGIN
  FOREACH reader IN ARRAY ARRAY['anon', 'authenticated'] LOOP
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = reader) THEN
      EXECUTE format('REVOKE ALL ON public.worker_accounts, public.worker_status FROM %I', reader);
    END IF;
  END LOOP;
END $$;
