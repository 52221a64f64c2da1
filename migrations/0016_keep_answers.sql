-- Safe while old workers run: new columns with defaults.
-- What a paid reader really answered, and why it stopped: evidence for what was made of it.

ALTER TABLE registre.usage
  ADD COLUMN finish_reason text;          -- as the provider words it: STOP, MAX_TOKENS, RECITATION …

ALTER TABLE registre.reading
  ADD COLUMN calls jsonb NOT NULL DEFAULT '[]';   -- each request it took: outcome, finish_reason, tokens, text as answered
