-- name: try_lock
SELECT pg_try_advisory_lock(%(lock)s)

-- name: has_table
SELECT to_regclass('public.registre_migration') IS NOT NULL

-- name: create_table
CREATE TABLE IF NOT EXISTS public.registre_migration (
  version    text PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: applied_migrations
SELECT version, sha256 FROM public.registre_migration

-- name: record_migration
INSERT INTO public.registre_migration (version, sha256) VALUES (%(version)s, %(sha256)s)
