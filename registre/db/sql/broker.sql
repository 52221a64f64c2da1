-- name: ack_messages
-- Fenced by the claim number: whoever lost the message changes nothing.
UPDATE dramatiq.queue q SET state = u.state::dramatiq.state, message = coalesce(u.payload, q.message),
  mtime = (now() AT TIME ZONE 'UTC')
FROM unnest(%(ids)s::uuid[], %(claims)s::bigint[], %(states)s::text[], %(payloads)s::jsonb[])
  AS u (message_id, claim, state, payload)
WHERE q.message_id = u.message_id AND q.claim = u.claim AND q.state = 'consumed'

-- name: claim_messages
UPDATE dramatiq.queue SET state = 'consumed', mtime = (now() AT TIME ZONE 'UTC'), claim = %(claim)s
WHERE message_id = ANY(ARRAY(
  SELECT message_id FROM dramatiq.queue WHERE queue_name = %(queue)s AND state = 'queued'
  ORDER BY priority, eta LIMIT %(room)s FOR UPDATE SKIP LOCKED))
RETURNING priority, eta, message_id::text, message::text

-- name: beat_messages
UPDATE dramatiq.queue SET mtime = (now() AT TIME ZONE 'UTC')
WHERE message_id = ANY(%(ids)s::uuid[]) AND claim = ANY(%(claims)s::bigint[]) AND state = 'consumed'

-- name: requeue_messages
UPDATE dramatiq.queue SET state = 'queued', claim = NULL
WHERE message_id = ANY(%(ids)s::uuid[]) AND claim = ANY(%(claims)s::bigint[]) AND state = 'consumed'

-- name: reap_messages
-- Returns what holders without a heartbeat left, and puts aside what killed too many of them.
UPDATE dramatiq.queue SET
  state = (CASE WHEN crashes + 1 < %(max_crashes)s THEN 'queued' ELSE 'rejected' END)::dramatiq.state,
  claim = NULL, crashes = crashes + 1
WHERE message_id = ANY(ARRAY(
  SELECT message_id FROM dramatiq.queue
  WHERE state = 'consumed' AND mtime < (now() AT TIME ZONE 'UTC') - %(lease)s * interval '1 second'
  LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING pg_notify('dramatiq.' || queue_name || '.enqueue', '')

-- name: promote_due
-- A delayed message whose time has come moves to its own queue.
WITH due AS (
  UPDATE dramatiq.queue SET queue_name = left(queue_name, -3), claim = NULL,
    message = CASE jsonb_typeof(message) WHEN 'object'
      THEN jsonb_set(message #- '{options,eta}', '{queue_name}', to_jsonb(left(queue_name, -3))) ELSE message END
  WHERE message_id = ANY(ARRAY(
    SELECT message_id FROM dramatiq.queue
    WHERE state = 'queued' AND queue_name LIKE '%%.DQ' AND queue_name = ANY(%(queues)s) AND eta <= %(now)s
    ORDER BY eta LIMIT 1000 FOR UPDATE SKIP LOCKED))
  RETURNING queue_name)
SELECT pg_notify('dramatiq.' || queue_name || '.enqueue', '') FROM (SELECT DISTINCT queue_name FROM due) AS woken
