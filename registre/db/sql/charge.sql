-- name: open_charge
-- The purchase this order has under way, if any.
SELECT id, job_id, document_key, target, account_id, state, amount_cents, demande, staging_key, intent_at
FROM registre.charge WHERE job_id = %(job_id)s AND state IN ('intent', 'paid', 'unproven')

-- name: rival_charge
-- Someone else's purchase of the same document under way.
SELECT state FROM registre.charge
WHERE document_key = %(document_key)s AND job_id <> %(job_id)s AND state IN ('intent', 'paid', 'unproven')

-- name: held_document
-- A document already bought that answers this order: actes and plans always, an index while it is young.
SELECT id FROM registre.document
WHERE document_key = %(document_key)s AND NOT %(fresh)s
  AND (kind <> 'index' OR created_at > now() - %(max_age)s::interval)
ORDER BY created_at DESC LIMIT 1

-- name: spent_today
-- Cents committed since midnight in Québec, what may have been paid included.
SELECT coalesce(sum(amount_cents), 0)::bigint FROM registre.charge
WHERE state <> 'void' AND intent_at >= date_trunc('day', now() AT TIME ZONE 'America/Toronto') AT TIME ZONE 'America/Toronto'

-- name: intend_charge
-- Written and committed before the click that pays. The unique indexes refuse a second one; the fence refuses a
-- worker that was overtaken.
INSERT INTO registre.charge (job_id, document_key, target, account_id, amount_cents)
SELECT j.id, %(document_key)s, %(target)s, %(account_id)s, %(amount_cents)s FROM registre.job j
WHERE j.id = %(job_id)s AND j.fence = %(fence)s AND j.state = 'running'
ON CONFLICT DO NOTHING RETURNING id

-- name: void_charge
-- Proven unpaid.
UPDATE registre.charge SET state = 'void', settled_at = now(), note = note || %(note)s
WHERE id = %(charge_id)s AND state = 'intent' RETURNING id

-- name: pay_charge
-- Money is gone, whatever else happens. Not fenced by the job: a fact stays a fact when its witness was overtaken.
UPDATE registre.charge SET state = 'paid', paid_at = coalesce(paid_at, now()), demande = coalesce(%(demande)s, demande),
  amount_cents = coalesce(%(amount_cents)s, amount_cents), staging_key = coalesce(%(staging_key)s, staging_key),
  note = note || %(note)s
WHERE id = %(charge_id)s AND state IN ('intent', 'paid', 'unproven') RETURNING id

-- name: doubt_charge
-- It may have been paid and nothing can tell: a person must.
UPDATE registre.charge SET state = 'unproven', note = note || %(note)s
WHERE id = %(charge_id)s AND state = 'intent' RETURNING id

-- name: settle_charge
-- Bought, stored, verified.
UPDATE registre.charge SET state = 'have', document_id = %(document_id)s, settled_at = now()
WHERE job_id = %(job_id)s AND state = 'paid' RETURNING id

-- name: known_demandes
-- The registry's numbers of other purchases: a line of its history that is already one of ours proves nothing.
SELECT demande FROM registre.charge WHERE demande IS NOT NULL AND id <> %(charge_id)s

-- name: lock_spending
-- Serialises the ceiling's check and the intent that follows it, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('registre.spending'))
