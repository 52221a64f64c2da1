-- name: waiting_readings
-- Documents that could be read now.
SELECT count(*) FILTER (WHERE kind = 'index')::integer, count(*) FILTER (WHERE kind = 'acte')::integer
FROM registre.job
WHERE stage = 'ocr' AND (state = 'queued' OR (state = 'waiting' AND not_before <= now()))

-- name: read_again
-- Pages that were read since a person wished them read again: a second try of that wish leaves them.
SELECT p.number FROM registre.page p
WHERE p.document_id = %(document_id)s AND p.state <> 'failed' AND p.read_at > (
  SELECT max(e.at) FROM registre.event e WHERE e.job_id = %(job_id)s AND e.name = 'job.reread')
