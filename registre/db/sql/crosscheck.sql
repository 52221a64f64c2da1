-- name: actes_behind
-- Actes read whose number is among an index's, or that are about its lot, in its circonscription.
SELECT d.target ->> 'number' AS numero, d.target ->> 'type_acte' AS type_acte, d.content,
       (SELECT string_agg(p.text, E'\n' ORDER BY p.number) FROM registre.page p WHERE p.document_id = d.id) AS text
FROM registre.document d
WHERE d.kind = 'acte' AND d.content IS NOT NULL AND d.target ->> 'circonscription' = %(circonscription)s
  AND (d.target ->> 'number' = ANY(%(numbers)s::text[]) OR d.content -> 'lots' ? %(lot)s)
ORDER BY d.created_at

-- name: indexes_of
-- Indexes of a circonscription that have one of these numbers on a page, or are of one of these lots; each lot's newest.
SELECT DISTINCT ON (d.document_key) d.id FROM registre.document d
WHERE d.kind = 'index' AND d.target ->> 'circonscription' = %(circonscription)s
  AND (d.target ->> 'number' = ANY(%(lots)s::text[])
       OR d.id IN (SELECT document_id FROM registre.page WHERE search @@ to_tsquery('french', %(words)s)))
ORDER BY d.document_key, d.created_at DESC
