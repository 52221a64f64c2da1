-- Safe while old workers run: one more column, which they leave empty.
-- When a process last looked for work here: a process may live, beat, and have stopped looking.

ALTER TABLE public.worker_status ADD COLUMN IF NOT EXISTS polled_at timestamptz;
