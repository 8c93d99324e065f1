-- Preservation: the tables of requirement P1, and all others that AEGIS keeps, are in the registry.
BEGIN;
SELECT plan(5);

SELECT is_empty($$
    SELECT n.nspname, c.relname
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('aegis', 'aegis_guard', 'aegis_archive')
       AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
       AND c.relname <> 'alembic_version'             -- Alembic replaces its one row
       AND NOT EXISTS (
               SELECT FROM aegis.protected_tables AS p
                WHERE (p.schema_name, p.table_name) = (n.nspname, c.relname)
           )
$$, 'every table of AEGIS is protected');

SELECT is_empty($$
    SELECT t.table_name
      FROM unnest(ARRAY[
               'stock_transactions', 'option_trades', 'stock_prices_history', 'daily_market_data', 'user_activity_logs',
               'api_request_logs', 'system_configurations', 'stock_prices'
           ]) AS t (table_name)
     WHERE NOT EXISTS (
               SELECT FROM aegis.protection_status AS s WHERE s.relation = 'aegis.' || t.table_name AND s.is_protected
           )
$$, 'the tables that the rules name are protected');

SELECT is_empty($$
    SELECT p.table_name
      FROM aegis.protected_tables AS p
     WHERE p.schema_name = 'aegis'
       AND p.history_table_name IS DISTINCT FROM p.table_name || '_history'
       AND to_regclass('aegis.' || quote_ident(p.table_name || '_history')) IS NOT NULL
$$, 'a table that has a history table is captured into it');

-- What an UPDATE takes away is kept (requirement P13), with these exceptions.
SELECT is_empty($$
    SELECT p.table_name
      FROM aegis.protected_tables AS p
     WHERE p.schema_name = 'aegis'
       AND NOT p.is_append_only
       AND p.history_table_name IS NULL
       AND p.table_name NOT IN (
               'error_codes',           -- text of the package; releases keep it, codes are never reused
               'partition_policies',    -- rows of the package; revisions keep them
               'protected_tables',      -- a row only grows stronger, and each step is in the ledger
               'dead_letters',          -- a letter stays as it came; its fate is recorded beside it
               'retention_policies',    -- every version is an act of the ledger
               'ingest_targets',        -- rows of the package; revisions keep them
               'ingest_rules',          -- likewise
               'ingest_checks',         -- likewise
               'stream_offsets',        -- a position moves forwards, never back
               'cases',                 -- each step is in case_events
               'circuit_breakers',      -- each step is in circuit_breaker_events
               'load_state',            -- how it is now; each change of level is an alert
               'deferred_checks',       -- a debt, and when it was paid
               'alerts',                -- only their count moves
               'alert_deliveries',      -- a state machine; attempts count up
               'alert_buckets',         -- how many alerts may go now
               'market_rules',          -- rows of the package; revisions keep them
               'tick_sizes',            -- likewise
               'market_sessions',       -- likewise
               'validation_baselines',  -- derived; computed again at any time
               'findings'               -- only the status moves, and each decision is an event of its case
           )
$$, 'every protected table that can be updated has a history, or is a written exception');

SELECT throws_ok('DELETE FROM aegis.protected_tables', 'AEP01', NULL, 'the registry protects itself');

SELECT * FROM finish();
ROLLBACK;
