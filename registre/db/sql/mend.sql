-- name: purge_rejected
-- Messages put aside that nobody will miss: their job is over, or has another on its way.
DELETE FROM dramatiq.queue m USING registre.job j
WHERE m.state = 'rejected' AND m.message -> 'args' ->> 0 = j.id::text
  AND (j.state IN ('done', 'refused', 'failed', 'cancelled')
       OR EXISTS (SELECT 1 FROM dramatiq.queue o
                  WHERE o.state IN ('queued', 'consumed') AND o.message -> 'args' ->> 0 = j.id::text))
RETURNING m.message_id

-- name: realign_rows
-- The rows say again what their jobs say, and nothing is started by it.
WITH quiet AS MATERIALIZED (SELECT set_config('registre.mirror', 'on', true))
UPDATE public.extraction_queue q SET status_id = registre.public_status(j.stage, j.state), updated_at = now()
FROM registre.job j, quiet
WHERE j.order_id = q.id AND j.id = ANY(%(ids)s::uuid[]) AND j.state <> 'imported'
  AND q.status_id <> registre.public_status(j.stage, j.state)
  AND (j.state <> 'done' OR q.file_content IS NOT NULL OR q.document_source NOT IN ('index', 'acte'))
RETURNING q.id

-- name: note_fix
INSERT INTO registre.event (name, actor, data)
VALUES ('diagnose.fix', %(actor)s, jsonb_build_object('fix', %(fix)s::text, 'count', %(count)s::integer))

-- name: restore_statuses
INSERT INTO public.extraction_status (id, name) SELECT * FROM unnest(%(ids)s::integer[], %(names)s::text[])
ON CONFLICT (id) DO NOTHING RETURNING id

-- name: enable_mirror
ALTER TABLE registre.job ENABLE TRIGGER mirror_update

-- name: enable_order_deleted
ALTER TABLE registre.job ENABLE TRIGGER order_deleted

-- name: enable_evidence
ALTER TABLE registre.job ENABLE TRIGGER require_evidence
