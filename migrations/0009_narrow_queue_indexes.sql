-- Safe while old workers run: only indexes; each locks the queue for writing while it is built (under a second).
-- Every message is written three times (queued, consumed, done), so each index that follows all its states costs three
-- entries. dramatiq-pg's own (state, mtime) served two questions, which two narrower ones answer.

-- The message of a job, and all that is not done: few rows, whatever the history.
CREATE INDEX queue_live ON dramatiq.queue ((message -> 'args' ->> 0)) WHERE state IN ('queued', 'consumed', 'rejected');
DROP INDEX dramatiq.queue_job;
-- What housekeeping deletes, oldest first.
CREATE INDEX queue_ended ON dramatiq.queue (mtime) WHERE state IN ('done', 'rejected');
DROP INDEX dramatiq.queue_state_mtime_idx;
