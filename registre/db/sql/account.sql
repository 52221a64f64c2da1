-- name: lease_account
-- Least recently used first, never used before that. The login is counted before it is tried, so that no crash can
-- hide a wrong password; a good login sets the count to zero. An account that has bought what it may today is left
-- alone, unless it is the one asked for: looking into its history costs nothing.
UPDATE public.worker_accounts SET
  lease_worker = %(worker)s, lease_until = now() + %(lease)s, last_used = now(), updated_at = now(),
  failure_count = coalesce(failure_count, 0) + 1
WHERE id = (
  SELECT id FROM public.worker_accounts a
  WHERE site = %(site)s AND is_active AND password LIKE 'fernet:%%' AND coalesce(failure_count, 0) < %(max_failures)s
    AND (lease_until IS NULL OR lease_until < now()) AND (rest_until IS NULL OR rest_until < now())
    AND (%(account_id)s::uuid IS NULL OR id = %(account_id)s) AND NOT id = ANY(%(excluding)s::uuid[])
    AND (%(account_id)s::uuid IS NOT NULL OR (
      (%(daily_orders)s = 0 OR %(daily_orders)s > (
        SELECT count(*) FROM registre.charge c
        WHERE c.account_id = a.id AND c.intent_at >= registre.midnight() AND c.state <> 'void'))
      AND (%(daily_cents)s = 0 OR %(daily_cents)s >= %(price_cents)s + (
        SELECT coalesce(sum(c.amount_cents), 0) FROM registre.charge c
        WHERE c.account_id = a.id AND c.intent_at >= registre.midnight() AND c.state <> 'void'))))
  ORDER BY last_used NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, username, password

-- name: openings
-- Accounts of the site that could be used, and how many of them have not bought yet what they may today.
SELECT count(*), count(*) FILTER (WHERE (%(daily_orders)s = 0 OR s.orders < %(daily_orders)s)
                                    AND (%(daily_cents)s = 0 OR s.cents + %(price_cents)s <= %(daily_cents)s))
FROM public.worker_accounts a,
  LATERAL (SELECT count(*) AS orders, coalesce(sum(c.amount_cents), 0) AS cents FROM registre.charge c
           WHERE c.account_id = a.id AND c.intent_at >= registre.midnight() AND c.state <> 'void') s
WHERE site = %(site)s AND is_active AND password LIKE 'fernet:%%' AND coalesce(failure_count, 0) < %(max_failures)s

-- name: account_signed_in
UPDATE public.worker_accounts SET failure_count = 0, benched_code = NULL, benched_text = NULL,
  rest_until = NULL, rest_count = 0, rest_code = NULL, updated_at = now()
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING id

-- name: account_refused
-- A refused login stays counted; the second one, or a page that asks for a person, benches the account. Until then
-- it rests, longer each time.
UPDATE public.worker_accounts SET
  is_active = NOT (%(bench)s OR failure_count >= %(max_failures)s),
  benched_code = %(code)s, benched_text = left(%(text)s, 500),
  rest_until = now() + least(%(rest)s * power(4, least(rest_count, 20)), %(longest)s),
  rest_count = rest_count + 1, rest_code = %(code)s,
  lease_worker = NULL, lease_until = NULL, updated_at = now()
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING is_active

-- name: account_unsure
-- Its password left and no answer told what became of it: it rests, but that is no wrong password.
UPDATE public.worker_accounts SET
  failure_count = greatest(failure_count - 1, 0),
  rest_until = now() + least(%(rest)s * power(4, least(rest_count, 20)), %(longest)s),
  rest_count = rest_count + 1, rest_code = %(code)s,
  lease_worker = NULL, lease_until = NULL, updated_at = now()
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING id

-- name: release_account
-- `unused` gives back the login counted at the lease: nothing was tried with it.
UPDATE public.worker_accounts SET lease_worker = NULL, lease_until = NULL, updated_at = now(),
  failure_count = greatest(failure_count - CASE WHEN %(unused)s THEN 1 ELSE 0 END, 0)
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING id

-- name: beat_accounts
-- Only what this process knows it holds: a lease whose answer got lost must expire. An account not answered may be
-- someone else's by now.
UPDATE public.worker_accounts SET lease_until = now() + %(lease)s
WHERE lease_worker = %(worker)s AND id = ANY(%(ids)s::uuid[]) RETURNING id

-- name: free_accounts
UPDATE public.worker_accounts SET lease_worker = NULL, lease_until = NULL
WHERE lease_until < now() RETURNING id

-- name: save_account
-- A new password starts with a clean count.
INSERT INTO public.worker_accounts (username, password, site, failure_count) VALUES (%(username)s, %(secret)s, %(site)s, 0)
RETURNING id

-- name: change_password
UPDATE public.worker_accounts SET password = %(secret)s, is_active = true, failure_count = 0, benched_code = NULL,
  benched_text = NULL, rest_until = NULL, rest_count = 0, rest_code = NULL, updated_at = now()
WHERE username = %(username)s AND site = %(site)s RETURNING id

-- name: set_account_active
UPDATE public.worker_accounts SET is_active = %(active)s, updated_at = now(),
  failure_count = CASE WHEN %(active)s THEN 0 ELSE failure_count END,
  rest_until = NULL, rest_count = 0, rest_code = NULL,
  benched_code = CASE WHEN %(active)s THEN NULL ELSE 'disabled' END,
  benched_text = CASE WHEN %(active)s THEN NULL ELSE 'Désactivé par une personne.' END
WHERE username = %(username)s AND site = %(site)s RETURNING id

-- name: clear_passwords
SELECT id, username, password FROM public.worker_accounts WHERE password NOT LIKE 'fernet:%%'

-- name: encrypt_password
UPDATE public.worker_accounts SET password = %(secret)s, updated_at = now()
WHERE id = %(account_id)s AND password = %(clear)s RETURNING id

-- name: accounts
SELECT a.id, username, site, is_active, coalesce(failure_count, 0) AS failures, benched_code, benched_text, last_used,
       CASE WHEN lease_until > now() THEN lease_worker END AS lease_worker, lease_until,
       password LIKE 'fernet:%%' AS encrypted,
       CASE WHEN rest_until > now() THEN rest_until END AS rest_until, rest_code,
       s.orders AS orders_today, s.cents AS cents_today
FROM public.worker_accounts a,
  LATERAL (SELECT count(*) AS orders, coalesce(sum(c.amount_cents), 0)::bigint AS cents FROM registre.charge c
           WHERE c.account_id = a.id AND c.intent_at >= registre.midnight() AND c.state <> 'void') s
ORDER BY site, username
