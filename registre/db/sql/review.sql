-- name: lock_document
-- Whoever changes a document's rows holds this until the transaction ends.
SELECT id FROM registre.document WHERE id = %(document_id)s FOR NO KEY UPDATE

-- name: open_doubts
-- Fields that nobody has settled: inscription numbers first, then dates, radiations, lots, amounts, and the rest; of
-- each kind the oldest document first. A review whose row was lost by a new reading is open again.
WITH doubtful AS (
  SELECT p.*, d.kind, d.target, d.pages, d.created_at FROM registre.page p
  JOIN registre.document d ON d.id = p.document_id
  WHERE (p.doubts <> '[]' OR p.rows @? '$[*].uncertain[*]')
    AND (%(document_id)s::uuid IS NULL OR p.document_id = %(document_id)s::uuid)
), fields AS (
  SELECT p.document_id, p.kind, p.target, p.pages, p.created_at, p.number, r.place::integer - 1 AS place,
         NULL::integer AS doubt, u.field, r.item, NULL::bigint AS review, NULL::jsonb AS value, NULL AS actor
  FROM doubtful p, jsonb_array_elements(p.rows) WITH ORDINALITY AS r(item, place),
       jsonb_array_elements_text(r.item -> 'uncertain') AS u(field)
  WHERE NOT EXISTS (SELECT FROM jsonb_object_keys(coalesce(r.item -> 'others' -> u.field, '{}')) AS by(name)
                    WHERE by.name LIKE 'person:%%')
  UNION ALL
  SELECT p.document_id, p.kind, p.target, p.pages, p.created_at, p.number, NULL, t.place::integer - 1,
         coalesce(nullif(t.item ->> 'field', ''), 'texte'), t.item, NULL, NULL, NULL
  FROM doubtful p, jsonb_array_elements(p.doubts) WITH ORDINALITY AS t(item, place)
  WHERE NOT EXISTS (SELECT FROM registre.review v WHERE v.document_id = p.document_id AND v.number = p.number
                      AND v.place IS NULL AND v.undone_at IS NULL AND v.value = '"[illisible]"'
                      AND v.before - 'field' = t.item - 'field')
  UNION ALL
  SELECT v.document_id, d.kind, d.target, d.pages, d.created_at, v.number, v.place, NULL, v.field, v.before, v.id, v.value, v.actor
  FROM registre.review v JOIN registre.document d ON d.id = v.document_id
  WHERE NOT v.laid AND v.undone_at IS NULL AND (%(document_id)s::uuid IS NULL OR v.document_id = %(document_id)s::uuid)
)
SELECT document_id, kind, target, pages, number, place, doubt, field, item, review, value, actor, count(*) OVER ()::integer AS found
FROM fields
WHERE (%(field)s::text IS NULL OR field = %(field)s::text) AND (%(number)s::integer IS NULL OR number = %(number)s::integer)
ORDER BY CASE field WHEN 'numero' THEN 1 WHEN 'date' THEN 2 WHEN 'radiations' THEN 3 WHEN 'lot' THEN 4
           ELSE CASE WHEN field IN ('remarques', 'texte') AND item::text LIKE '%%$%%' THEN 5 ELSE 6 END END,
         created_at, document_id, number, review IS NULL, place, doubt, field
LIMIT %(limit)s

-- name: reviews
-- What persons said of a document and did not take back, oldest first.
SELECT id, document_id, number, place, field, readings, value, actor, at, before, laid, undone_at
FROM registre.review WHERE document_id = %(document_id)s AND undone_at IS NULL ORDER BY id

-- name: review
SELECT id, document_id, number, place, field, readings, value, actor, at, before, laid, undone_at
FROM registre.review WHERE id = %(id)s

-- name: add_review
INSERT INTO registre.review (document_id, number, place, field, readings, value, actor, before)
VALUES (%(document_id)s, %(number)s, %(place)s, %(field)s, %(readings)s, %(value)s, %(actor)s, %(before)s)
RETURNING id

-- name: undo_review
UPDATE registre.review SET undone_at = clock_timestamp(), undone_by = %(actor)s
WHERE id = %(id)s AND undone_at IS NULL RETURNING id

-- name: mark_laid
-- Which of them have their row in the present reading.
UPDATE registre.review SET laid = id = ANY(%(found)s::bigint[])
WHERE document_id = %(document_id)s AND undone_at IS NULL AND laid <> (id = ANY(%(found)s::bigint[]))
RETURNING id, laid

-- name: revise_page
-- What the whole document and persons make of a page; the text as read stays.
UPDATE registre.page SET rows = %(rows)s, doubts = %(doubts)s, search_text = %(search_text)s
WHERE document_id = %(document_id)s AND number = %(number)s

-- name: write_corrected
-- The corrected text on every public row that this document answers; the text as read stays.
UPDATE public.extraction_queue q SET boosted_file_content = %(corrected)s, searchable_file_content = %(searchable)s
FROM registre.job j
WHERE j.document_id = %(document_id)s AND j.state = 'done' AND q.id = j.order_id RETURNING q.id

-- name: note_corrections
UPDATE registre.document SET corrections = %(corrections)s WHERE id = %(document_id)s RETURNING id

-- name: note_event
-- Under the newest of the orders that this document answers.
INSERT INTO registre.event (job_id, name, actor, data)
SELECT (SELECT id FROM registre.job WHERE document_id = %(document_id)s ORDER BY created_at DESC LIMIT 1),
       %(name)s, %(actor)s, %(data)s
RETURNING id

-- name: export_reviews
-- What persons said, as a test for any reader; nothing of the document but the field.
SELECT d.sha256, d.kind, v.number, v.place, v.field, v.value, v.readings, v.before, v.at
FROM registre.review v JOIN registre.document d ON d.id = v.document_id
WHERE v.undone_at IS NULL AND v.laid AND (%(document_id)s::uuid IS NULL OR v.document_id = %(document_id)s::uuid)
ORDER BY v.id
