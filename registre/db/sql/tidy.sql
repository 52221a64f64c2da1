-- name: staging_needed
-- Of these charges, those whose staged bytes somebody may still want: a purchase not stored yet, or a job about to.
SELECT c.id FROM registre.charge c JOIN registre.job j ON j.id = c.job_id
WHERE c.id = ANY(%(ids)s::uuid[])
  AND (c.state IN ('intent', 'paid', 'unproven')
       OR (j.stage IN ('fetch', 'download', 'store') AND j.state IN ('queued', 'waiting', 'running')))

-- name: rejected_needed
-- Of these charges, those whose rejected bytes a person may still claim with, or did not long ago.
SELECT id FROM registre.charge
WHERE id = ANY(%(ids)s::uuid[]) AND (state IN ('intent', 'paid', 'unproven') OR settled_at > now() - %(kept)s::interval)

-- name: forget_snapshots
UPDATE registre.attempt SET snapshot = NULL WHERE snapshot = ANY(%(keys)s::text[])
