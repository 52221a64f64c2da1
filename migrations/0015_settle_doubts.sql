-- Safe while old workers run: new columns with defaults and new indexes; only new programs fill them.
-- A person's corrections outlive a re-reading and can be taken back; texts of the old system become rows.

ALTER TABLE registre.review
  ADD COLUMN before    jsonb NOT NULL DEFAULT 'null',   -- the row or doubt as it was: finds it again, and undoes
  ADD COLUMN laid      boolean NOT NULL DEFAULT true,   -- false: a new reading has no such row; open again
  ADD COLUMN undone_at timestamptz,
  ADD COLUMN undone_by text;

-- Pages on which something is doubted.
CREATE INDEX page_doubtful ON registre.page (document_id, number)
  WHERE doubts <> '[]' OR rows @? '$[*].uncertain[*]';

-- The acte behind a row of an index, and the indexes that an acte should be in.
CREATE INDEX document_by_number ON registre.document ((target ->> 'number'), kind);
CREATE INDEX document_by_lot ON registre.document USING gin ((content -> 'lots')) WHERE kind = 'acte';

-- A text of the old system read into rows: it is no purchase, so no job ends with it; it only belongs to one.
ALTER TABLE registre.document
  ADD COLUMN text_of uuid UNIQUE REFERENCES registre.job (id) ON DELETE CASCADE;
