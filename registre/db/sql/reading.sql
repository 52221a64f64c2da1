-- name: waiting_readings
-- Documents that could be read now.
SELECT count(*) FILTER (WHERE kind = 'index')::integer, count(*) FILTER (WHERE kind = 'acte')::integer
FROM registre.job
WHERE stage = 'ocr' AND (state = 'queued' OR (state = 'waiting' AND not_before <= now()))
