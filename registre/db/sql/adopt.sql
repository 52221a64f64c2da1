-- name: old_texts
-- Rows of the old system with a text, whose document is not stored here; with what was already made of them.
SELECT j.id AS job_id, j.order_id, j.kind, j.request, j.state, j.document_id, q.file_content AS text,
       q.boosted_file_content AS corrected, d.sha256
FROM registre.job j JOIN public.extraction_queue q ON q.id = j.order_id
LEFT JOIN registre.document d ON d.text_of = j.id
WHERE (%(ids)s::uuid[] IS NULL AND j.state = 'imported' AND j.document_id IS NULL AND d.id IS NULL
         AND j.kind IN ('index', 'acte') AND (q.file_content <> '' OR q.boosted_file_content <> ''))
   OR j.id = ANY(%(ids)s::uuid[])
ORDER BY j.created_at, j.id LIMIT %(limit)s

-- name: add_text
-- The document that a text stands for: known by a key that no order asks for, so that it never answers one.
INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path, text_of)
VALUES (%(document_key)s, %(kind)s, %(target)s, %(sha256)s, %(size)s, %(pages)s, %(object_key)s, %(path)s, %(job_id)s)
ON CONFLICT (text_of) DO UPDATE SET
  target = EXCLUDED.target, sha256 = EXCLUDED.sha256, size = EXCLUDED.size, pages = EXCLUDED.pages,
  object_key = EXCLUDED.object_key
RETURNING id

-- name: drop_pages
-- Pages that a shorter text no longer has.
DELETE FROM registre.page WHERE document_id = %(document_id)s AND number > %(pages)s

-- name: text_document
-- What stands for the text of an old row, where its document is not stored.
SELECT id FROM registre.document WHERE text_of = %(job_id)s

-- name: note_adopted
INSERT INTO registre.event (job_id, name, actor, data) VALUES (%(job_id)s, 'text.imported', %(actor)s, %(data)s)
RETURNING id
