-- Safe while old workers run: a new schema.
-- dramatiq-pg's own table (its `generate_init_sql()`), plus what our consumer claims and fences by.

CREATE SCHEMA IF NOT EXISTS dramatiq;
CREATE TYPE dramatiq.state AS ENUM ('queued', 'consumed', 'rejected', 'done');
CREATE TABLE dramatiq.queue (
  message_id uuid PRIMARY KEY,
  queue_name text NOT NULL DEFAULT 'default',
  state      dramatiq.state,
  mtime      timestamptz DEFAULT (now() AT TIME ZONE 'UTC'),
  message    jsonb,
  result     jsonb,
  result_ttl timestamptz,
  -- lowest first, oldest first within it
  priority   integer GENERATED ALWAYS AS (coalesce((message -> 'options' ->> 'broker_priority')::integer, 0)) STORED,
  eta        bigint GENERATED ALWAYS AS (coalesce((message -> 'options' ->> 'eta')::bigint,
                                                  (message ->> 'message_timestamp')::bigint, 0)) STORED,
  -- the holder's fence, and how many holders died with it
  claim      bigint,
  crashes    integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200);
CREATE INDEX queue_state_mtime_idx ON dramatiq.queue (state, mtime);
CREATE INDEX queue_ready ON dramatiq.queue (queue_name, priority, eta) WHERE state = 'queued';
CREATE INDEX queue_due ON dramatiq.queue (eta) WHERE state = 'queued' AND queue_name LIKE '%.DQ';
CREATE INDEX queue_held ON dramatiq.queue (mtime) WHERE state = 'consumed';
CREATE INDEX queue_job ON dramatiq.queue ((message -> 'args' ->> 0)) WHERE state IN ('queued', 'consumed');
