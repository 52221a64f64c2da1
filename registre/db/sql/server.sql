-- name: server_state
-- Postgres itself: what it is, what it lets us do, how full it is, what time it has.
SELECT current_user::text AS role, current_setting('server_version') AS version,
       current_setting('server_version_num')::integer AS version_number,
       pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS read_only,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::integer AS connections,
       current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
         - coalesce(current_setting('reserved_connections', true), '0')::integer AS room,
       pg_notification_queue_usage()::float AS notify_queue, clock_timestamp() AS at

-- name: columns
-- Every column of our schemas that this role may see.
SELECT n.nspname || '.' || c.relname AS table_name, a.attname::text AS column_name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('public', 'registre', 'dramatiq') AND c.relkind IN ('r', 'p')

-- name: forbidden_tables
-- Tables that this role may not read and write.
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY(%(tables)s::text[])
  AND NOT (has_schema_privilege(n.oid, 'USAGE')
           AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY 1

-- name: blindfolded
-- Row-level security hides rows of these from this role, without an error.
SELECT coalesce(bool_or(row_security_active(c.oid)), false)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY(%(tables)s::text[])

-- name: idle_triggers
-- Triggers of ours that are missing or switched off, as table and name.
SELECT w.table_name, w.trigger_name, t.oid IS NULL AS missing
FROM unnest(%(tables)s::text[], %(triggers)s::text[]) AS w (table_name, trigger_name)
LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(w.table_name) AND t.tgname = w.trigger_name
WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A')

-- name: missing_guards
-- Unique indexes without which a document could be bought twice.
SELECT w.name FROM unnest(%(names)s::text[]) AS w (name)
WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = to_regclass('registre.' || w.name) AND i.indisvalid
                  AND i.indisunique)

-- name: statuses
SELECT id, name FROM public.extraction_status ORDER BY id

-- name: locks
-- Sessions that shut one of our tables to everybody else, for longer than a migration's step would.
SELECT l.pid, min(l.relation::regclass::text) AS on_table, coalesce(a.application_name, '') AS program,
       coalesce(now() - a.xact_start, '0') AS age
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid() AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock') AND c.relkind = 'r'
  AND n.nspname IN ('public', 'registre', 'dramatiq')
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND coalesce(now() - a.xact_start, %(older)s::interval) >= %(older)s::interval
GROUP BY l.pid, a.application_name, a.xact_start ORDER BY age DESC

-- name: open_transactions
-- Sessions that forgot to end their transaction: vacuum cannot clean behind them, and claims grow slow.
SELECT pid, '' AS on_table, coalesce(application_name, '') AS program, now() - xact_start AS age
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND (state LIKE 'idle in transaction%%' AND now() - state_change > %(idle)s::interval
       OR state = 'active' AND now() - xact_start > %(active)s::interval AND query NOT ILIKE 'create index%%')
ORDER BY xact_start

-- name: limit_patience
-- A diagnosis says what it could not see; it never hangs on it.
SELECT set_config('statement_timeout', '5s', false), set_config('lock_timeout', '500ms', false)

-- name: listen
LISTEN "registre.diagnose"

-- name: notify
NOTIFY "registre.diagnose"
