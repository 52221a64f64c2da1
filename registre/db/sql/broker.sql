-- Times are plain now(): dramatiq-pg's `now() AT TIME ZONE 'UTC'` jumps an hour twice a year on a server that keeps
-- local time, and every held message would look abandoned.

-- name: commit_lazily
-- Stands before claims and acknowledgements, for their transaction: they do not wait for the disk. A crash of the server
-- may forget those of its last half second, never a message: one that was claimed is claimed again, one that was
-- acknowledged runs again and finds nothing to do. And what a job does first, claiming its row, is flushed to the same
-- log after its message's claim and takes that along.
SELECT set_config('synchronous_commit', 'off', true)

-- name: ack_messages
-- Fenced by the claim number: whoever lost the message changes nothing. One that goes back as queued is announced.
-- The state is compared as text so that no plan walks over all held messages (an index on `consumed` exists).
UPDATE dramatiq.queue q SET state = u.state::dramatiq.state, mtime = now(),
  claim = CASE u.state WHEN 'queued' THEN NULL ELSE q.claim END
FROM unnest(%(ids)s::uuid[], %(claims)s::bigint[], %(states)s::text[]) AS u (message_id, claim, state)
WHERE q.message_id = u.message_id AND q.claim = u.claim AND q.state::text = 'consumed'
RETURNING CASE u.state WHEN 'queued' THEN pg_notify('dramatiq.' || q.queue_name || '.enqueue', '') END

-- name: claim_messages
-- For each queue as many as there is room, lowest priority number first, oldest first within it. Each search begins at
-- a place that the caller remembers: entries of messages claimed earlier may still lie in front of it.
UPDATE dramatiq.queue SET state = 'consumed', mtime = now(), claim = %(claim)s
WHERE message_id = ANY(ARRAY(
  SELECT ready.message_id
  FROM unnest(%(queues)s::text[], %(rooms)s::integer[], %(priorities)s::integer[], %(etas)s::bigint[])
    AS w (queue, room, priority, eta),
  LATERAL (
    SELECT q.message_id FROM dramatiq.queue q
    WHERE q.queue_name = w.queue AND q.state = 'queued' AND (q.priority, q.eta) >= (w.priority, w.eta)
    ORDER BY q.priority, q.eta LIMIT w.room FOR UPDATE SKIP LOCKED) AS ready))
RETURNING priority, eta, queue_name, message_id::text, message::text

-- name: beat_messages
UPDATE dramatiq.queue SET mtime = now()
WHERE message_id = ANY(%(ids)s::uuid[]) AND claim = ANY(%(claims)s::bigint[]) AND state::text = 'consumed'

-- name: release_claims
-- What was claimed by a statement whose answer got lost.
UPDATE dramatiq.queue SET state = 'queued', claim = NULL
WHERE state = 'consumed' AND claim = ANY(%(claims)s::bigint[])
RETURNING pg_notify('dramatiq.' || queue_name || '.enqueue', '')

-- name: reap_messages
-- Returns what holders without a heartbeat left, and puts aside what killed too many of them. Queues of others may have
-- names that are too long for a NOTIFY.
WITH reaped AS (
  UPDATE dramatiq.queue SET
    state = (CASE WHEN crashes + 1 < %(max_crashes)s THEN 'queued' ELSE 'rejected' END)::dramatiq.state,
    mtime = now(), claim = NULL, crashes = crashes + 1
  WHERE message_id = ANY(ARRAY(
    SELECT message_id FROM dramatiq.queue
    WHERE state = 'consumed' AND mtime < now() - %(lease)s * interval '1 second'
    LIMIT 1000 FOR UPDATE SKIP LOCKED))
  RETURNING queue_name, crashes)
SELECT queue_name, max(crashes),
  CASE WHEN octet_length(queue_name) < 47 THEN pg_notify('dramatiq.' || queue_name || '.enqueue', '') END
FROM reaped GROUP BY queue_name

-- name: promote_due
-- A delayed message whose time has come moves to its own queue.
WITH due AS (
  UPDATE dramatiq.queue SET queue_name = left(queue_name, -3), claim = NULL,
    message = CASE jsonb_typeof(message -> 'options') WHEN 'object'
      THEN jsonb_set(message #- '{options,eta}', '{queue_name}', to_jsonb(left(queue_name, -3))) ELSE message END
  WHERE message_id = ANY(ARRAY(
    SELECT message_id FROM dramatiq.queue
    WHERE state = 'queued' AND queue_name LIKE '%%.DQ' AND queue_name = ANY(%(queues)s)
      AND eta <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    ORDER BY eta LIMIT 1000 FOR UPDATE SKIP LOCKED))
  RETURNING queue_name)
SELECT pg_notify('dramatiq.' || queue_name || '.enqueue', '') FROM (SELECT DISTINCT queue_name FROM due) AS woken

-- name: purge_ended
-- Ended messages are only history; the events keep what matters. A result stays until its own time is up.
DELETE FROM dramatiq.queue WHERE message_id = ANY(ARRAY(
  SELECT message_id FROM dramatiq.queue
  WHERE state IN ('done', 'rejected') AND mtime < now() - %(keep)s * interval '1 second'
    AND (result_ttl IS NULL OR result_ttl < now())
  ORDER BY mtime LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
RETURNING message_id

-- name: notify
SELECT pg_notify(%(channel)s, '')

-- name: enqueue_message
-- As dramatiq-pg does it, but its NOTIFY carries the whole message to every process.
WITH enqueued AS (
  INSERT INTO dramatiq.queue (queue_name, message_id, state, message)
  VALUES (%(queue)s, %(message_id)s, 'queued', %(message)s)
  ON CONFLICT (message_id) DO UPDATE SET state = 'queued', message = EXCLUDED.message, claim = NULL,
    queue_name = EXCLUDED.queue_name, mtime = now()
  RETURNING queue_name)
SELECT pg_notify('dramatiq.' || queue_name || '.enqueue', '') FROM enqueued

-- name: get_result
SELECT result FROM dramatiq.queue WHERE message_id = %(message_id)s AND result IS NOT NULL
  AND result_ttl > now()

-- name: store_result
INSERT INTO dramatiq.queue (queue_name, message_id, state, result, result_ttl)
VALUES ('__RQ__', %(message_id)s, 'done', %(result)s, now() + %(ttl)s * interval '1 ms')
ON CONFLICT (message_id) DO UPDATE SET mtime = now(), result = EXCLUDED.result,
  result_ttl = EXCLUDED.result_ttl
