-- Safe while old workers run: a new table.
-- What was asked of a paid reader, one row a call. The row is committed before the call leaves (outcome `sent`, figures
-- estimated) and settled with the answer, so that a call of a process that died is on the books too, and so that the
-- limiter's window can be rebuilt when Redis lost it. No foreign keys: money spent outlives what it was spent on.

CREATE TABLE registre.usage (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at               timestamptz NOT NULL DEFAULT clock_timestamp(),
  job_id           uuid,
  document_id      uuid,
  page             integer CHECK (page > 0),
  model            text NOT NULL,                -- as asked for
  model_version    text,                         -- as the answer names it
  purpose          text NOT NULL,                -- extract, recheck, correct, count, …
  prompt_hash      text,
  input_tokens     bigint NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
  output_tokens    bigint NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
  thinking_tokens  bigint NOT NULL DEFAULT 0 CHECK (thinking_tokens >= 0),
  microdollars     bigint NOT NULL DEFAULT 0 CHECK (microdollars >= 0),  -- millionths of a US dollar
  outcome          text NOT NULL DEFAULT 'sent', -- sent, read, or the code of what went wrong
  answered_at      timestamptz
);
CREATE INDEX usage_by_time ON registre.usage (at);
CREATE INDEX usage_by_document ON registre.usage (document_id) WHERE document_id IS NOT NULL;
