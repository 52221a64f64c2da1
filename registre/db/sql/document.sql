-- name: add_document
INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path, number_checked)
VALUES (%(document_key)s, %(kind)s, %(target)s, %(sha256)s, %(size)s, %(pages)s, %(object_key)s, %(path)s,
        %(number_checked)s)
ON CONFLICT (path) DO UPDATE SET path = EXCLUDED.path
RETURNING id

-- name: document
SELECT id, document_key, kind, target, sha256, size, pages, object_key, path, number_checked, created_at
FROM registre.document WHERE id = %(document_id)s

-- name: note_number_checked
UPDATE registre.document SET number_checked = %(seen)s WHERE id = %(document_id)s RETURNING id

-- name: add_page
-- The first terminal reading of a page stays; a failed one may be replaced.
INSERT INTO registre.page (document_id, number, state, reader, reader_version, text, rows, header, confidence, error,
                           search_text)
VALUES (%(document_id)s, %(number)s, %(state)s, %(reader)s, %(reader_version)s, %(text)s, %(rows)s, %(header)s,
        %(confidence)s, %(error)s, %(search_text)s)
ON CONFLICT (document_id, number) DO UPDATE SET
  state = EXCLUDED.state, reader = EXCLUDED.reader, reader_version = EXCLUDED.reader_version, text = EXCLUDED.text,
  rows = EXCLUDED.rows, header = EXCLUDED.header, confidence = EXCLUDED.confidence, error = EXCLUDED.error,
  search_text = EXCLUDED.search_text, read_at = clock_timestamp()
WHERE registre.page.state = 'failed'
RETURNING number

-- name: pages
SELECT number, state, reader, reader_version, text, rows, header, confidence, error FROM registre.page
WHERE document_id = %(document_id)s ORDER BY number

-- name: revise_rows
-- What only the whole document tells; the text as read stays in each row's `raw`.
UPDATE registre.page SET rows = %(rows)s WHERE document_id = %(document_id)s AND number = %(number)s

-- name: write_content
-- The public row's text; its status follows in the same transaction.
UPDATE public.extraction_queue SET file_content = %(content)s, searchable_file_content = %(searchable)s
WHERE id = %(order_id)s RETURNING id
