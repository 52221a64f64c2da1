-- name: add_document
INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path, number_checked)
VALUES (%(document_key)s, %(kind)s, %(target)s, %(sha256)s, %(size)s, %(pages)s, %(object_key)s, %(path)s,
        %(number_checked)s)
ON CONFLICT (path) DO UPDATE SET path = EXCLUDED.path
RETURNING id

-- name: document
SELECT id, document_key, kind, target, sha256, size, pages, object_key, path, number_checked, created_at, content,
  corrections
FROM registre.document WHERE id = %(document_id)s

-- name: note_number_checked
UPDATE registre.document SET number_checked = %(seen)s WHERE id = %(document_id)s RETURNING id

-- name: add_page
-- The first terminal reading of a page stays, unless it failed or a new one is asked for; a new one that failed
-- replaces nothing.
INSERT INTO registre.page (document_id, number, state, reader, reader_version, text, rows, header, confidence, error,
                           doubts, search_text)
VALUES (%(document_id)s, %(number)s, %(state)s, %(reader)s, %(reader_version)s, %(text)s, %(rows)s, %(header)s,
        %(confidence)s, %(error)s, %(doubts)s, %(search_text)s)
ON CONFLICT (document_id, number) DO UPDATE SET
  state = EXCLUDED.state, reader = EXCLUDED.reader, reader_version = EXCLUDED.reader_version, text = EXCLUDED.text,
  rows = EXCLUDED.rows, header = EXCLUDED.header, confidence = EXCLUDED.confidence, error = EXCLUDED.error,
  doubts = EXCLUDED.doubts, search_text = EXCLUDED.search_text, read_at = clock_timestamp()
WHERE registre.page.state = 'failed' OR (%(again)s AND EXCLUDED.state <> 'failed')
RETURNING number

-- name: pages
SELECT number, state, reader, reader_version, text, rows, header, confidence, error, doubts FROM registre.page
WHERE document_id = %(document_id)s ORDER BY number

-- name: write_content
-- The public row's text; its status follows in the same transaction.
UPDATE public.extraction_queue SET file_content = %(content)s, boosted_file_content = %(corrected)s,
  searchable_file_content = %(searchable)s
WHERE id = %(order_id)s RETURNING id

-- name: lease_reading
-- Two orders may share one document; one of them reads it, page by page, the other waits and finds it read.
UPDATE registre.document SET reading_job = %(job_id)s, reading_until = now() + %(lease)s::interval
WHERE id = %(document_id)s
  AND (reading_job IS NULL OR reading_job = %(job_id)s OR reading_until < now()
       OR NOT EXISTS (SELECT 1 FROM registre.job j WHERE j.id = reading_job AND j.state = 'running' AND j.stage = 'ocr'))
RETURNING id

-- name: note_content
-- What the whole document says, and what its corrected copy changes.
UPDATE registre.document SET content = %(content)s, corrections = %(corrections)s
WHERE id = %(document_id)s RETURNING id

-- name: add_reading
-- One reader's own reading; the same reader and version again is the same reading, unless the first one failed.
INSERT INTO registre.reading (document_id, number, reader, reader_version, outcome, reading, calls)
VALUES (%(document_id)s, %(number)s, %(reader)s, %(reader_version)s, %(outcome)s, %(reading)s, %(calls)s)
ON CONFLICT (document_id, number, reader, reader_version) DO UPDATE SET
  outcome = EXCLUDED.outcome, reading = EXCLUDED.reading, calls = EXCLUDED.calls, read_at = clock_timestamp()

-- name: reading
-- What this reader, in this version, already made of the page. A failure is no reading; a refusal is one: the same page
-- would be refused again.
SELECT reading FROM registre.reading
WHERE document_id = %(document_id)s AND number = %(number)s AND reader = ANY(%(readers)s::text[])
  AND reader_version = ANY(%(versions)s::text[])
  AND (reading ->> 'state' <> 'failed' OR outcome IN ('refused', 'rejected'))
ORDER BY read_at DESC LIMIT 1
