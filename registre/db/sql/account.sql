-- name: lease_account
-- Least recently used first, never used before that. The login is counted before it is tried, so that no crash can
-- hide a wrong password; a good login sets the count to zero.
UPDATE public.worker_accounts SET
  lease_worker = %(worker)s, lease_until = now() + %(lease)s, last_used = now(), updated_at = now(),
  failure_count = coalesce(failure_count, 0) + 1
WHERE id = (
  SELECT id FROM public.worker_accounts
  WHERE site = %(site)s AND is_active AND password LIKE 'fernet:%%' AND coalesce(failure_count, 0) < %(max_failures)s
    AND (lease_until IS NULL OR lease_until < now()) AND (%(account_id)s::uuid IS NULL OR id = %(account_id)s)
    AND NOT id = ANY(%(excluding)s::uuid[])
  ORDER BY last_used NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, username, password

-- name: account_signed_in
UPDATE public.worker_accounts SET failure_count = 0, benched_code = NULL, benched_text = NULL, updated_at = now()
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING id

-- name: account_refused
-- A refused login stays counted; the second one, or a page that asks for a person, benches the account.
UPDATE public.worker_accounts SET
  is_active = NOT (%(bench)s OR failure_count >= %(max_failures)s),
  benched_code = %(code)s, benched_text = left(%(text)s, 500),
  lease_worker = NULL, lease_until = NULL, updated_at = now()
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING is_active

-- name: release_account
-- `unused` gives back the login counted at the lease: nothing was tried with it.
UPDATE public.worker_accounts SET lease_worker = NULL, lease_until = NULL, updated_at = now(),
  failure_count = greatest(failure_count - CASE WHEN %(unused)s THEN 1 ELSE 0 END, 0)
WHERE id = %(account_id)s AND lease_worker = %(worker)s RETURNING id

-- name: beat_accounts
-- Only what this process knows it holds: a lease whose answer got lost must expire.
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
  benched_text = NULL, updated_at = now()
WHERE username = %(username)s AND site = %(site)s RETURNING id

-- name: set_account_active
UPDATE public.worker_accounts SET is_active = %(active)s, updated_at = now(),
  failure_count = CASE WHEN %(active)s THEN 0 ELSE failure_count END,
  benched_code = CASE WHEN %(active)s THEN NULL ELSE 'disabled' END,
  benched_text = CASE WHEN %(active)s THEN NULL ELSE 'Désactivé par une personne.' END
WHERE username = %(username)s AND site = %(site)s RETURNING id

-- name: clear_passwords
SELECT id, username, password FROM public.worker_accounts WHERE password NOT LIKE 'fernet:%%'

-- name: encrypt_password
UPDATE public.worker_accounts SET password = %(secret)s, updated_at = now()
WHERE id = %(account_id)s AND password = %(clear)s RETURNING id

-- name: accounts
SELECT id, username, site, is_active, coalesce(failure_count, 0) AS failures, benched_code, benched_text, last_used,
       lease_worker, lease_until, password LIKE 'fernet:%%' AS encrypted
FROM public.worker_accounts ORDER BY site, username
