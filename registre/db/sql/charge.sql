-- name: open_charge
-- The purchase this order has under way, if any. Its age counts from when its writer was given up, if it was: until
-- then it may have gone on buying.
SELECT id, job_id, document_key, target, account_id, state, amount_cents, demande, staging_key, intent_at,
  clock_timestamp() - coalesce(
    (SELECT greatest(a.ended_at, c.intent_at) FROM registre.attempt a
     WHERE a.job_id = c.job_id AND a.stage = 'download' AND a.started_at <= c.intent_at
     ORDER BY a.started_at DESC LIMIT 1), intent_at) AS age
FROM registre.charge c WHERE job_id = %(job_id)s AND state IN ('intent', 'paid', 'unproven')

-- name: rival_charge
-- Someone else's purchase of the same document under way. One whose job has ended will not end by itself: whatever
-- is written of it, a person must say.
SELECT CASE WHEN j.state IN ('queued', 'waiting', 'running') THEN c.state ELSE 'unproven' END
FROM registre.charge c JOIN registre.job j ON j.id = c.job_id
WHERE c.document_key = %(document_key)s AND c.job_id <> %(job_id)s AND c.state IN ('intent', 'paid', 'unproven')

-- name: held_document
-- A document already bought that answers this order: actes and plans always, an index while it is young.
SELECT id FROM registre.document
WHERE document_key = %(document_key)s AND NOT %(fresh)s
  AND (kind <> 'index' OR created_at > now() - %(max_age)s::interval)
ORDER BY created_at DESC LIMIT 1

-- name: spent_today
-- Cents committed since midnight in Québec, what may have been paid included.
SELECT coalesce(sum(amount_cents), 0)::bigint FROM registre.charge
WHERE state <> 'void' AND intent_at >= registre.midnight()

-- name: account_today
-- The same for one account: purchases and cents.
SELECT count(*), coalesce(sum(amount_cents), 0)::bigint FROM registre.charge
WHERE account_id = %(account_id)s AND state <> 'void' AND intent_at >= registre.midnight()

-- name: until_midnight
-- From midnight to midnight is not always 24 hours.
SELECT date_trunc('day', now() AT TIME ZONE 'America/Toronto' + interval '1 day') AT TIME ZONE 'America/Toronto' - now()

-- name: intend_charge
-- Written and committed before the click that pays. The unique indexes refuse a second one; the fence refuses a
-- worker that was overtaken, and the row's lock makes a cancel that arrives meanwhile see the purchase.
INSERT INTO registre.charge (job_id, document_key, target, account_id, amount_cents)
SELECT j.id, %(document_key)s, %(target)s, %(account_id)s, %(amount_cents)s FROM registre.job j
WHERE j.id = %(job_id)s AND j.fence = %(fence)s AND j.state = 'running'
FOR NO KEY UPDATE OF j
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

-- name: booked
-- An account's purchases as we have them, oldest first, those proven unpaid included; `age` as in open_charge.
SELECT c.id, c.job_id, j.order_id, c.target, c.state, c.amount_cents, c.demande, c.intent_at, j.state AS job_state,
  clock_timestamp() - coalesce(
    (SELECT greatest(a.ended_at, c.intent_at) FROM registre.attempt a
     WHERE a.job_id = c.job_id AND a.stage = 'download' AND a.started_at <= c.intent_at
     ORDER BY a.started_at DESC LIMIT 1), c.intent_at) AS age
FROM registre.charge c JOIN registre.job j ON j.id = c.job_id
WHERE c.account_id = %(account_id)s AND c.intent_at >= %(since)s
ORDER BY c.intent_at, c.id

-- name: without_account
-- Purchases whose account is unknown or gone: nobody can look into its history.
SELECT count(*) FROM registre.charge c
WHERE c.intent_at >= %(since)s AND c.state <> 'void'
  AND NOT EXISTS (SELECT 1 FROM public.worker_accounts a WHERE a.id = c.account_id)

-- name: first_charge
SELECT min(intent_at) FROM registre.charge

-- name: note_settled
-- A person's or program's decision about money, beside the charge itself.
INSERT INTO registre.event (job_id, name, actor, data)
SELECT job_id, 'charge.' || state, %(actor)s, jsonb_build_object('charge', id, 'was', %(was)s::text, 'why', %(why)s::text)
FROM registre.charge WHERE id = %(charge_id)s
