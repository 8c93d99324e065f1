-- Roles: who may do what, on one page. r = SELECT, a = INSERT, X = EXECUTE, U = USAGE, as psql has it.
-- aegis_owner owns everything; PUBLIC may do nothing (tests/pgtap/catalog/conventions.sql).
BEGIN;
SELECT plan(6);

-- Every role below is also a member of aegis_reader.
SELECT set_eq(
    $$SELECT m.member::regrole::text
        FROM pg_auth_members AS m
       WHERE m.roleid = 'aegis_reader'::regrole AND m.member::regrole::text LIKE 'aegis\_%'$$,
    $$VALUES ('aegis_app'), ('aegis_ingest'), ('aegis_operator'), ('aegis_approver'), ('aegis_privacy_officer'),
             ('aegis_auditor')$$,
    'whoever writes or supervises may also read'
);
SELECT is_empty(
    $$SELECT m.roleid::regrole, m.member::regrole
        FROM pg_auth_members AS m
       WHERE m.roleid::regrole::text ~ '^aegis_(owner|guard|app|ingest|operator|approver|privacy_officer|auditor)$'
         AND m.member::regrole::text LIKE 'aegis\_%'
         AND (m.roleid, m.member) <> ('aegis_owner'::regrole, 'aegis_guard'::regrole)$$,
    'no group role contains another but the reader; the owner of the data is no member of the guard'
);

CREATE TEMP TABLE expected (
    object text, reader text, app text, ingest text, operator text, approver text, privacy_officer text, auditor text
);
INSERT INTO expected VALUES
--                                        reader app  ingest operator approver privacy auditor
('schema aegis',                          'U',   '',  '',    '',      '',      '',     ''),
('schema aegis_archive',                  'U',   '',  '',    '',      '',      '',     ''),
('schema aegis_guard',                    '',    '',  '',    'U',     '',      '',     'U'),

('aegis.alembic_version',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.deployments',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.error_codes',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.system_configurations',           'r',   '',  '',    '',      '',      '',     ''),
('aegis.system_configurations_history',   'r',   '',  '',    '',      '',      '',     ''),
('aegis.configuration',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis.change_configuration',            '',    '',  '',    'X',     '',      '',     ''),

('aegis.stocks',                          'r',   '',  '',    '',      '',      '',     ''),
('aegis.stocks_history',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.corporate_actions',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.corporate_actions_history',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.data_sources',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.data_sources_history',            'r',   '',  '',    '',      '',      '',     ''),
('aegis.trading_calendar',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.trading_calendar_history',        'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_prices',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_prices_history',            'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_prices_daily',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.daily_market_data',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.daily_market_data_history',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_ticks',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_ticks_history',             'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_transactions',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_transactions_history',      'r',   '',  '',    '',      '',      '',     ''),
('aegis.option_trades',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.option_trades_history',           'r',   '',  '',    '',      '',      '',     ''),
('aegis.user_activity_logs',              '',    'a', '',    '',      '',      'r',    'r'),
('aegis.api_request_logs',                '',    'a', '',    '',      '',      'r',    'r'),
('aegis.is_trading_day',                  'X',   '',  '',    '',      '',      '',     ''),
('aegis.trading_day_before',              'X',   '',  '',    '',      '',      '',     ''),
('aegis.market_rules',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.tick_sizes',                      'r',   '',  '',    '',      '',      '',     ''),
('aegis.market_sessions',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.market_days',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.market_events',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.market_events_history',           'r',   '',  '',    '',      '',      '',     ''),
('aegis.rule_market',                     'X',   '',  '',    '',      '',      '',     ''),
('aegis.tick_size',                       'X',   '',  '',    '',      '',      '',     ''),
('aegis.price_limits',                    'X',   '',  '',    '',      '',      '',     ''),
('aegis.price_limits_of',                 'X',   '',  '',    '',      '',      '',     ''),
('aegis.override_trading_day',            '',    '',  '',    'X',     '',      '',     ''),
('aegis.refill_trading_calendar',         '',    '',  'X',   'X',     '',      '',     ''),
('aegis.trading_day_input',               '',    '',  'U',   'U',     '',      '',     'U'),

('aegis.partition_policies',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.partition_health',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.partition_bounds',                'X',   '',  '',    '',      '',      '',     ''),
('aegis.default_partition_periods',       'X',   '',  '',    '',      '',      '',     ''),
('aegis.ensure_partitions',               '',    '',  'X',   'X',     '',      '',     ''),
('aegis.tune_partitions',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis.maintain_partitions',             '',    '',  '',    'X',     '',      '',     ''),

('aegis.protected_tables',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.protection_status',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.posture',                         '',    '',  '',    'X',     '',      '',     'X'),
('aegis.protect_table',                   '',    '',  '',    'X',     '',      '',     ''),
('aegis.ledger',                          '',    '',  '',    '',      '',      '',     'r'),
('aegis.active_stocks',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_corporate_actions',        'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_market_events',            'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_stock_prices',             'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_daily_market_data',        'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_stock_ticks',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_stock_transactions',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_option_trades',            'r',   '',  '',    '',      '',      '',     ''),
('aegis.row_key',                         'X',   '',  '',    '',      '',      '',     ''),
('aegis.row_keys',                        'X',   '',  '',    '',      '',      '',     ''),
('aegis.row_key_range',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis.history_table',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis.row_history',                     'X',   '',  '',    '',      '',      '',     ''),
('aegis.rows_as_of',                      'X',   '',  '',    '',      '',      '',     ''),
('aegis.stock_prices_as_of',              'X',   '',  '',    '',      '',      '',     ''),
('aegis.daily_market_data_as_of',         'X',   '',  '',    '',      '',      '',     ''),
('aegis.soft_delete',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.restore_deleted',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis.add_soft_delete',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis.change_activity',           '',    '',  '',    'X',     '',      '',     ''),
('aegis.change_own_activity',       '',    '',  '',    'X',     '',      '',     ''),
('aegis.record_soft_delete',        '',    '',  '',    'X',     '',      '',     ''),
('aegis.seals',                           '',    '',  '',    '',      '',      '',     'r'),
('aegis.blocked_attempts',                '',    '',  '',    '',      '',      '',     'r'),
('aegis.seal_entries',                    '',    '',  '',    '',      '',      '',     'r'),
('aegis.seal_formats',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.seal_ledger',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.verify_chain',                    '',    '',  '',    'X',     '',      '',     'X'),
('aegis.verify_seals',                    '',    '',  '',    'X',     '',      '',     'X'),
('aegis_guard.guard_gaps',                'X',   '',  '',    'X',     '',      '',     ''),
('aegis_guard.arm_table',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis_guard.check_history',             '',    '',  '',    'X',     '',      '',     ''),
('aegis_guard.register_table',            '',    '',  '',    'X',     '',      '',     ''),
('aegis_guard.refuse_removal',            '',    '',  '',    'X',     '',      '',     ''),
('aegis_guard.settle_ticket',             '',    '',  '',    'X',     '',      '',     ''),
('aegis_guard.refuse_replica',            '',    '',  '',    'X',     '',      '',     ''),

('aegis.retention_policies',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.retention_candidates',            'X',   '',  '',    '',      '',      '',     ''),
('aegis.change_retention_policy',         '',    '',  '',    'X',     '',      '',     ''),
('aegis.apply_retention',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis.archive_partition',               '',    '',  '',    'X',     '',      '',     ''),
('aegis.archived_partitions',             'r',   '',  '',    '',      '',      '',     ''),
('aegis.archive_events',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.archive_status',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.verify_archive',                  '',    '',  '',    'X',     '',      '',     'X'),
('aegis.record_export',                   '',    '',  '',    'X',     '',      '',     ''),
('aegis.drop_archive',                    '',    '',  '',    'X',     '',      '',     ''),
('aegis.rows_digest',                     'X',   '',  '',    '',      '',      '',     ''),
('aegis.legal_holds',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.legal_hold_lifts',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_holds',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.place_hold',                      '',    '',  '',    'X',     '',      'X',    'X'),
('aegis.lift_hold',                       '',    '',  '',    '',      'X',     '',     ''),
('aegis.deletion_requests',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.deletion_decisions',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.deletion_events',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.change_requests',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.change_events',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.change_status',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.request_change',                  '',    '',  '',    'X',     '',      '',     ''),
('aegis.request_reseal',                  '',    '',  '',    'X',     '',      '',     ''),
('aegis.approve_change',                  '',    '',  '',    '',      'X',     '',     ''),
('aegis.deleted_rows',                    '',    '',  '',    '',      '',      '',     'r'),
('aegis.emergency_deletion_status',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.request_deletion',                '',    '',  '',    'X',     '',      '',     ''),
('aegis.approve_deletion',                '',    '',  '',    '',      'X',     '',     ''),
('aegis.emergency_deletion',              '',    '',  '',    'X',     '',      '',     ''),
('aegis.restore_from_vault',              '',    '',  '',    'X',     '',      '',     ''),
('aegis.personal_columns',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.erasures',                        '',    '',  '',    '',      '',      'r',    'r'),
('aegis.register_personal_column',        '',    '',  '',    '',      '',      'X',    ''),
('aegis.purge_personal_data',             '',    '',  '',    '',      '',      'X',    ''),
('aegis.reapply_erasures',                '',    '',  '',    'X',     '',      'X',    ''),

('aegis.ingest_batches',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.ingest_rules',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.batch_verdicts',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.ingest_checks',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.row_verdicts',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.ingest_targets',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.dead_letters',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.stream_offsets',                  'r',   '',  '',    '',      '',      '',     ''),
('aegis.stream_lag',                      'r',   '',  '',    '',      '',      '',     ''),
('aegis.claim_stream',                    '',    'X', 'X',   '',      '',      '',     ''),
('aegis.advance_stream',                  '',    'X', 'X',   '',      '',      '',     ''),
('aegis.batch_result',                    'U',   '',  '',    '',      '',      '',     ''),
('aegis.stock_input',                     '',    'U', 'U',   '',      '',      '',     'U'),
('aegis.stock_price_input',               '',    'U', 'U',   '',      '',      '',     'U'),
('aegis.daily_market_data_input',         '',    'U', 'U',   '',      '',      '',     'U'),
('aegis.market_event_input',              '',    'U', 'U',   '',      '',      '',     'U'),
('aegis.corporate_action_input',          '',    'U', 'U',   '',      '',      '',     'U'),
('aegis.target_fragments',                '',    '',  '',    '',      '',      '',     'U'),
('aegis.upsert_market_events',            '',    'X', 'X',   '',      '',      '',     ''),
('aegis.upsert_corporate_actions',        '',    'X', 'X',   '',      '',      '',     ''),
('aegis.open_stage',                      '',    'X', 'X',   '',      '',      '',     ''),
('aegis.upsert_staged',                   '',    'X', 'X',   '',      '',      '',     ''),
('aegis.backfill_staged',                 '',    '',  'X',   'X',     '',      '',     ''),
('aegis.upsert_rows',                    '', 'X', 'X', '', '', '', ''),
('aegis.upsert_messages',                '', 'X', 'X', '', '', '', ''),
('aegis.replay_dead_letters',            '', '', '', 'X', '', '', ''),
('aegis.resolve_dead_letter',            '', '', '', 'X', '', '', ''),
('aegis.register_ingest_target',         '', '', '', 'X', '', '', ''),
('aegis.dead_letter_resolutions',        'r', '', '', '', '', '', ''),
('aegis.dead_letter_statistics',         'r', '', '', '', '', '', ''),
('aegis.stock_tick_input',               '', 'U', 'U', '', '', '', ''),
('aegis.stock_transaction_input',        '', 'U', 'U', '', '', '', ''),
('aegis.option_trade_input',             '', 'U', 'U', '', '', '', ''),
('aegis.user_activity_input',            '', 'U', 'U', '', '', '', ''),
('aegis.api_request_input',              '', 'U', 'U', '', '', '', ''),
('aegis.upsert_stocks',                   '',    'X', 'X',   '',      '',      '',     ''),
('aegis.upsert_stock_prices',             '',    'X', 'X',   '',      '',      '',     ''),
('aegis.upsert_daily_market_data',        '',    'X', 'X',   '',      '',      '',     ''),

('aegis.validation_rules',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_rules_history',        'r',   '',  '',    '',      '',      '',     ''),
('aegis.findings',                        'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_runs',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_baselines',            'r',   '',  '',    '',      '',      '',     ''),
('aegis.bar_context',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis._bars_of_code',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis._baseline',                       'X',   '',  '',    '',      '',      '',     ''),
('aegis._quartiles',                      'X',   '',  '',    '',      '',      '',     ''),
('aegis._market_days',                    'X',   '',  '',    '',      '',      '',     ''),
('aegis._market_facts',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis._limit_prices',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis._limit_width',                    'X',   '',  '',    '',      '',      '',     ''),
('aegis._slot_bars',                      'X',   '',  '',    '',      '',      '',     ''),
('aegis.session_hours',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.twenty_minute_bars',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.twenty_minute_bar_context',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.validate_twenty_minute_bars',     '',    '',  '',    'X',     '',      '',     ''),
('aegis.rule_set_version',                'X',   '',  '',    '',      '',      '',     ''),
('aegis.validate_code',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis.comprehensive_validation',        'X',   '',  '',    '',      '',      '',     ''),
('aegis.detect_volume_anomaly',           'X',   '',  '',    '',      '',      '',     ''),
('aegis.validate_price_change',           'X',   '',  '',    '',      '',      '',     ''),
('aegis.validate_price_gap',              'X',   '',  '',    '',      '',      '',     ''),
('aegis.refresh_baselines',               '',    '',  '',    'X',     '',      '',     ''),
('aegis.validate_trading_day',            '',    '',  '',    'X',     '',      '',     ''),
('aegis.validate_period',                 '',    '',  '',    'X',     '',      '',     ''),
('aegis.change_validation_rule',          '',    '',  '',    'X',     '',      '',     ''),
('aegis.cases',                           'r',   '',  '',    '',      '',      '',     ''),
('aegis.case_events',                     'r',   '',  '',    '',      '',      '',     ''),
('aegis.case_findings',                   'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_queue',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_by_day',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.validation_by_code',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.assign_case',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.reject_case',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.replay_case',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.run_deferred_checks',             '',    '',  '',    'X',     '',      '',     ''),
('aegis.release_case',                    '',    '',  '',    'X',     '',      '',     ''),
('aegis.reopen_case',                     '',    '',  '',    'X',     '',      '',     ''),
('aegis.raise_overdue_cases',             '',    '',  '',    'X',     '',      '',     ''),
('aegis.circuit_breakers',                'r',   '',  '',    '',      '',      '',     ''),
('aegis.circuit_breaker_events',          'r',   '',  '',    '',      '',      '',     ''),
('aegis.circuit_breaker_probes',          'r',   '',  '',    '',      '',      '',     ''),
('aegis.breaker_conditions',              'r',   '',  '',    '',      '',      '',     ''),
('aegis.breaker_conditions_history',      'r',   '',  '',    '',      '',      '',     ''),
('aegis.stock_status',                    'r',   '',  '',    '',      '',      '',     ''),
('aegis.breaker_state',                   'X',   '',  '',    '',      '',      '',     ''),
('aegis.trip_breaker',                    '',    '',  '',    'X',     '',      '',     ''),
('aegis.reset_breaker',                   '',    '',  '',    'X',     '',      '',     ''),
('aegis.change_breaker_condition',        '',    '',  '',    'X',     '',      '',     ''),
('aegis.load_state',                      'r',   '',  '',    '',      '',      '',     ''),
('aegis.deferred_checks',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.flood_log',                       'r',   '',  '',    '',      '',      '',     ''),
('aegis.active_priorities',               'X',   '',  '',    '',      '',      '',     ''),
('aegis.is_sampled',                      'X',   '',  '',    '',      '',      '',     ''),
('aegis.refresh_load_level',              '',    '',  '',    'X',     '',      '',     ''),
('aegis.override_load_level',             '',    '',  '',    'X',     '',      '',     ''),
('aegis.validation_health',               'r',   '',  '',    '',      '',      '',     ''),
('aegis.load_level',                      'X',   '',  '',    '',      '',      '',     ''),
('aegis.alert_templates',                 'r',   '',  '',    '',      '',      '',     ''),
('aegis.alert_templates_history',         'r',   '',  '',    '',      '',      '',     ''),
('aegis.alert_channels',                  '',    '',  '',    'r',     '',      '',     'r'),
('aegis.alert_channels_history',          '',    '',  '',    '',      '',      '',     'r'),
('aegis.alerts',                          'r',   '',  '',    '',      '',      '',     ''),
('aegis.alert_deliveries',                '',    '',  '',    'r',     '',      '',     'r'),
('aegis.change_alert_template',           '',    '',  '',    'X',     '',      '',     ''),
('aegis.set_alert_channel',               '',    '',  '',    'X',     '',      '',     ''),
('aegis.claim_alert_deliveries',          '',    '',  '',    'X',     '',      '',     ''),
('aegis.settle_alert_delivery',           '',    '',  '',    'X',     '',      '',     ''),
('aegis.send_test_alert',                 '',    '',  '',    'X',     '',      '',     ''),

('aegis.data_quality_daily_report',       'r',   '',  '',    '',      '',      '',     ''),
('aegis.data_quality_intraday_report',    'r',   '',  '',    '',      '',      '',     '');

CREATE TEMP VIEW granted AS
SELECT o.name,
       a.grantee::regrole::text AS role,
       string_agg(CASE a.privilege_type
                      WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'EXECUTE' THEN 'X' WHEN 'USAGE' THEN 'U'
                      ELSE a.privilege_type
                  END, '' ORDER BY a.privilege_type) AS rights
  FROM (SELECT n.oid AS schema_oid, 'schema ' || n.nspname AS name, n.nspacl AS acl, n.nspowner AS owner
          FROM pg_namespace AS n
        UNION ALL
        SELECT c.relnamespace, format('%s.%s', c.relnamespace::regnamespace, c.relname), c.relacl, c.relowner
          FROM pg_class AS c
        UNION ALL
        SELECT p.pronamespace, format('%s.%s', p.pronamespace::regnamespace, p.proname), p.proacl, p.proowner
          FROM pg_proc AS p
        UNION ALL
        SELECT t.typnamespace, format('%s.%s', t.typnamespace::regnamespace, t.typname), t.typacl, t.typowner
          FROM pg_type AS t) AS o
 CROSS JOIN LATERAL aclexplode(o.acl) AS a
 WHERE o.schema_oid IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace, 'aegis_archive'::regnamespace)
   AND a.grantee NOT IN (0, o.owner)
 GROUP BY o.name, a.grantee;

SELECT set_eq(
    $$SELECT name, role, rights FROM granted WHERE role <> 'aegis_owner'$$,
    $$SELECT e.object, 'aegis_' || c.key, c.value
        FROM expected AS e
       CROSS JOIN LATERAL jsonb_each_text(to_jsonb(e) - 'object') AS c
       WHERE c.value <> ''$$,
    'the matrix is what is granted, no more and no less'
);

-- What belongs to aegis_guard is the owner's to use, never to change.
SELECT set_eq(
    $$SELECT name, rights FROM granted WHERE role = 'aegis_owner'$$,
    $$VALUES ('aegis.ledger', 'r'), ('aegis.batch_numbers', 'U'), ('aegis.seals', 'r'), ('aegis.seal_entries', 'r'),
             ('aegis.seal_formats', 'r'), ('aegis.archived_partitions', 'r'), ('aegis.deletion_requests', 'r'), ('aegis.deletion_events', 'r'), ('aegis.seal_table', 'X'), ('aegis_guard._record_block', 'X'),
             ('aegis_guard._store_attempt', 'X'), ('aegis_guard._seal_format', 'X'),
             ('aegis_guard._record_act', 'X'), ('aegis_guard._next_batch_number', 'X'),
             ('schema aegis_guard', 'U'), ('aegis.protected_tables', 'r'), ('aegis_guard.guard_gaps', 'X'),
             ('aegis_guard.arm_table', 'X'), ('aegis_guard.check_history', 'X'), ('aegis_guard.register_table', 'X'),
             ('aegis_guard.refuse_removal', 'X'), ('aegis_guard.settle_ticket', 'X'),
             ('aegis_guard.fill_partition', 'X'), ('aegis_guard.refuse_replica', 'X')$$,
    'the owner of the data may do with what the guard owns what is listed here'
);

-- aegis_guard is a closed room for all but operators: its functions are reached through views and triggers.
-- Auditors may look names up in it, to hold views against their files, and execute nothing.
SELECT set_eq(
    $$SELECT r.rolname::text
        FROM pg_roles AS r
       WHERE r.rolname ~ '^aegis_(app|ingest|operator|approver|privacy_officer|auditor|reader)$'
         AND has_schema_privilege(r.rolname, 'aegis_guard', 'USAGE')$$,
    $$VALUES ('aegis_operator'), ('aegis_auditor')$$,
    'only operators and auditors may enter aegis_guard'
);

-- A view reads its tables with the rights of its owner, and calls its functions with those of its reader.
CREATE FUNCTION pg_temp.refused() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_view text;
BEGIN
    FOR v_view IN
        SELECT c.oid::regclass::text FROM pg_class AS c
         WHERE c.relkind = 'v' AND c.relnamespace = 'aegis'::regnamespace AND has_table_privilege('aegis_reader', c.oid, 'SELECT')
    LOOP
        BEGIN
            SET LOCAL ROLE aegis_reader;
            EXECUTE format('SELECT FROM %s LIMIT 0', v_view);
            RESET ROLE;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RESET ROLE;
                RETURN NEXT v_view || ': ' || SQLERRM;
        END;
    END LOOP;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.refused()', 'a reader can ask every view that is granted');

SELECT * FROM finish();
ROLLBACK;
