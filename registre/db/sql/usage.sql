-- name: record_usage
-- A call that is about to leave, or one that is over.
INSERT INTO registre.usage (job_id, document_id, page, model, model_version, purpose, prompt_hash, input_tokens,
                            output_tokens, thinking_tokens, microdollars, outcome, finish_reason, answered_at)
VALUES (%(job_id)s, %(document_id)s, %(page)s, %(model)s, %(model_version)s, %(purpose)s, %(prompt_hash)s,
        %(input_tokens)s, %(output_tokens)s, %(thinking_tokens)s, %(microdollars)s, %(outcome)s, %(finish_reason)s,
        CASE WHEN %(outcome)s::text <> 'sent' THEN clock_timestamp() END)
RETURNING id

-- name: settle_usage
-- What the answer says. A first answer stays.
UPDATE registre.usage SET outcome = %(outcome)s, model_version = coalesce(%(model_version)s, model_version),
  input_tokens = %(input_tokens)s, output_tokens = %(output_tokens)s, thinking_tokens = %(thinking_tokens)s,
  microdollars = %(microdollars)s, finish_reason = %(finish_reason)s, answered_at = clock_timestamp()
WHERE id = %(usage_id)s AND outcome = 'sent' RETURNING id

-- name: withdraw_usage
-- It provably never left.
DELETE FROM registre.usage WHERE id = %(usage_id)s AND outcome = 'sent' RETURNING id

-- name: document_cost
SELECT coalesce(sum(microdollars), 0)::bigint FROM registre.usage WHERE document_id = %(document_id)s

-- name: job_tokens
SELECT coalesce(sum(input_tokens + output_tokens + thinking_tokens), 0)::bigint FROM registre.usage
WHERE document_id = %(document_id)s AND job_id = %(job_id)s

-- name: recent_calls
-- Calls of one model that may have reached the provider lately, by age in tenths of a second.
SELECT floor(extract(epoch FROM clock_timestamp() - at) * 10)::bigint AS age, count(*), sum(input_tokens)::bigint
FROM registre.usage WHERE model = %(model)s AND at > clock_timestamp() - %(span)s::interval GROUP BY 1

-- name: day_use
-- Since the provider's midnight: this model's requests, and what all models cost.
SELECT count(*) FILTER (WHERE model = %(model)s), coalesce(sum(microdollars), 0)::bigint
FROM registre.usage
WHERE at >= date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') AT TIME ZONE 'America/Los_Angeles'

-- name: usage_by_day
-- The provider's days, newest first.
SELECT (at AT TIME ZONE 'America/Los_Angeles')::date AS day, model, outcome, count(*) AS calls,
  sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
  sum(thinking_tokens)::bigint AS thinking_tokens, sum(microdollars)::bigint AS microdollars
FROM registre.usage WHERE at > now() - %(span)s::interval
GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3

-- name: usage_by_document
-- The dearest documents.
SELECT u.document_id, d.path, count(DISTINCT u.page)::integer AS pages, count(*) AS calls,
  sum(u.input_tokens)::bigint AS input_tokens, sum(u.output_tokens)::bigint AS output_tokens,
  sum(u.microdollars)::bigint AS microdollars, max(u.at) AS last_at
FROM registre.usage u LEFT JOIN registre.document d ON d.id = u.document_id
WHERE u.document_id IS NOT NULL AND u.at > now() - %(span)s::interval
  AND (%(document_id)s::uuid IS NULL OR u.document_id = %(document_id)s)
GROUP BY 1, 2 ORDER BY microdollars DESC LIMIT %(most)s
