"""An invented database of the old system: its tables as they were, and rows in every odd state it left behind."""

from __future__ import annotations

TABLES = """
CREATE TABLE public.extraction_status (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO public.extraction_status VALUES (1, 'En attente'), (2, 'En traitement'), (3, 'Complété'), (4, 'Erreur'),
  (5, 'Extraction Complété');
CREATE TABLE public.extraction_queue (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  document_source text NOT NULL,
  document_number text NOT NULL,
  document_number_normalized text,
  circonscription_fonciere text,
  cadastre text,
  designation_secondaire text,
  acte_type text,
  status_id integer REFERENCES public.extraction_status (id),
  worker_id text,
  processing_started_at timestamptz,
  attemtps integer,
  max_attempts integer DEFAULT 3,
  retry_count integer,
  supabase_path text,
  error_message text,
  file_content text,
  created_at timestamptz DEFAULT now(),
  updated_at timestamptz DEFAULT now()
);
CREATE TABLE public.search_sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, initial_search_query text NOT NULL,
  status text NOT NULL DEFAULT 'pending_company_selection', selected_req_company_id uuid, final_pdf_path text,
  error_message text, error_details jsonb, req_completed boolean DEFAULT false, req_results_count integer,
  created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), completed_at timestamptz
);
CREATE TABLE public.selected_names_for_rdprm (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  search_session_id uuid REFERENCES public.search_sessions (id) ON DELETE CASCADE, name_to_search text NOT NULL,
  source_type text, source_id uuid, is_selected boolean DEFAULT true, presentation_order integer,
  created_at timestamptz DEFAULT now()
);
CREATE TABLE public.rdprm_searches (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  search_session_id uuid REFERENCES public.search_sessions (id) ON DELETE CASCADE,
  selected_name_id uuid REFERENCES public.selected_names_for_rdprm (id) ON DELETE SET NULL,
  search_name text NOT NULL, status text DEFAULT 'pending', storage_path text, error_message text,
  error_details jsonb, created_at timestamptz DEFAULT now(), completed_at timestamptz
);
CREATE TABLE public.worker_accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), username text NOT NULL, password text NOT NULL,
  is_active boolean DEFAULT true, last_used timestamptz, failure_count integer DEFAULT 0,
  created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()
);
CREATE TABLE public.worker_status (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), worker_id text NOT NULL UNIQUE,
  status text NOT NULL CHECK (status IN ('idle', 'busy', 'error', 'offline')), current_job_id uuid,
  account_id uuid REFERENCES public.worker_accounts (id), last_heartbeat timestamptz DEFAULT now(),
  started_at timestamptz DEFAULT now(), jobs_completed integer DEFAULT 0, jobs_failed integer DEFAULT 0
);
"""

OTHER_ROWS = """
INSERT INTO public.search_sessions (id, user_id, initial_search_query) VALUES
  ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'Les Entreprises Imaginaires inc.');
INSERT INTO public.selected_names_for_rdprm (search_session_id, name_to_search) VALUES
  ('00000000-0000-4000-8000-000000000001', 'Imaginaire, Paul');
INSERT INTO public.rdprm_searches (search_session_id, search_name, status) VALUES
  ('00000000-0000-4000-8000-000000000001', 'Imaginaire, Paul', 'in_progress');
INSERT INTO public.worker_accounts (username, password, failure_count) VALUES
  ('30I0001', 'inventé-en-clair', 0), ('30I0002', 'autre-inventé', NULL);
INSERT INTO public.worker_status (worker_id, status, last_heartbeat) VALUES
  ('worker-1', 'busy', now() - interval '40 days'), ('worker-2', 'offline', NULL);
"""

#: name → columns, over the defaults of `ORDER`
ODD_ROWS: dict[str, dict[str, object]] = {
    "waiting": {"status_id": 1},
    "waiting_null_attempts": {"status_id": 1, "attemtps": None, "max_attempts": None},
    "waiting_exhausted": {"status_id": 1, "attemtps": 3, "error_message": "Timeout 180000ms exceeded"},
    "waiting_with_owner": {"status_id": 1, "worker_id": "worker-1"},
    "waiting_no_place": {"status_id": 1, "circonscription_fonciere": None},
    "no_status": {"status_id": None, "created_at": None},
    "running_dead": {"status_id": 2, "worker_id": "worker-1", "processing_started_at": "2025-10-01T10:00:00+00"},
    "stored_bucket_key": {
        "status_id": 3,
        "supabase_path": "index/2784195-Montr_al-1759300000000.pdf",
        "worker_id": "w",
    },
    "stored_bare_key": {"status_id": 3, "supabase_path": "2784195-Montr_al-1759300000001.pdf"},
    "stored_public_url": {
        "status_id": 3,
        "supabase_path": "https://exemple.invalid/storage/v1/object/public/index/2784195-Montr_al-1759300000002.pdf",
    },
    "stored_no_path": {"status_id": 3},
    "stored_exhausted": {"status_id": 3, "supabase_path": "index/a.pdf", "attemtps": 4},
    "stored_with_text": {"status_id": 3, "supabase_path": "index/b.pdf", "file_content": "texte déjà lu"},
    "failed": {"status_id": 4, "attemtps": 3, "error_message": "Max attempts reached"},
    "failed_reading": {"status_id": 4, "supabase_path": "index/c.pdf", "error_message": "Gemini 503"},
    "cancelled": {"status_id": 4, "error_message": "Cancelled by user"},
    "done": {"status_id": 5, "supabase_path": "index/d.pdf", "file_content": '{"pages": []}', "worker_id": "worker-2"},
    "done_no_text": {"status_id": 5, "supabase_path": "index/e.pdf"},
    "done_plan": {
        "status_id": 5,
        "document_source": "plan_cadastraux",
        "supabase_path": "plans-cadastraux/f.pdf",
    },
    "done_acte_no_text": {"status_id": 5, "document_source": "acte", "acte_type": "Acte", "cadastre": None},
    "unknown_source": {"status_id": 1, "document_source": "jugement", "document_number": ""},
}
ORDER: dict[str, object] = {
    "document_source": "index",
    "document_number": "2 784 195",
    "circonscription_fonciere": "Montréal",
    "cadastre": "Cadastre du Québec",
    "attemtps": 0,
    "created_at": "2025-09-30T12:00:00+00",
}
