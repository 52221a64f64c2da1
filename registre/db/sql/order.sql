-- name: set_order_options
-- For this transaction: what the door's trigger gives to the jobs it makes. Lower priorities go first.
SELECT set_config('registre.fresh', %(fresh)s, true), set_config('registre.priority', %(priority)s, true)

-- name: insert_orders
-- The trigger makes the job and its message; the ids are the caller's, so that each line knows its own.
INSERT INTO public.extraction_queue (id, document_source, document_number, document_number_normalized,
                                     circonscription_fonciere, cadastre, designation_secondaire, acte_type)
SELECT o.id, o.document_source, o.document_number, o.document_number_normalized, o.circonscription_fonciere, o.cadastre,
       o.designation_secondaire, o.acte_type
FROM jsonb_to_recordset(%(orders)s) AS o (id uuid, document_source text, document_number text,
  document_number_normalized text, circonscription_fonciere text, cadastre text, designation_secondaire text,
  acte_type text)
RETURNING id
