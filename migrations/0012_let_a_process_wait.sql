-- Safe while old workers run: one more word is allowed.
-- A process for which the machine has no room yet lives and waits; it must be able to say so.

ALTER TABLE public.worker_status DROP CONSTRAINT worker_status_status_check;
ALTER TABLE public.worker_status ADD CONSTRAINT worker_status_status_check
  CHECK (status IN ('idle', 'busy', 'waiting', 'error', 'offline', 'stopped'));
