-- Everything AEGIS keeps is protected from the revision on that brings the guards; a history along with
-- its table.

DO $protected_tables$
DECLARE
    v_table record;
BEGIN
    FOR v_table IN
        SELECT t.*
          FROM (VALUES
                   ('stock_transactions', 'stock_transactions_history', FALSE, 'trades of record'),
                   ('option_trades', 'option_trades_history', FALSE, 'trades of record'),
                   ('stock_prices', 'stock_prices_history', FALSE, 'market data of record'),
                   ('daily_market_data', 'daily_market_data_history', FALSE, 'market data of record'),
                   ('stock_ticks', 'stock_ticks_history', FALSE, 'market data of record'),
                   ('stocks', 'stocks_history', FALSE, 'master data of record'),
                   ('corporate_actions', 'corporate_actions_history', FALSE, 'master data of record'),
                   ('market_events', 'market_events_history', FALSE, 'master data of record'),
                   ('market_rules', NULL, FALSE, 'a past day is judged by the rules of that day'),
                   ('tick_sizes', NULL, FALSE, 'a past day is judged by the rules of that day'),
                   ('market_sessions', NULL, FALSE, 'a past day is judged by the rules of that day'),
                   ('trading_calendar', 'trading_calendar_history', FALSE, 'rules follow from it'),
                   ('data_sources', 'data_sources_history', FALSE, 'rows refer to it'),
                   ('user_activity_logs', NULL, TRUE, 'audit log'),
                   ('api_request_logs', NULL, TRUE, 'audit log'),
                   ('system_configurations', 'system_configurations_history', FALSE, 'settings in force'),
                   ('deployments', NULL, TRUE, 'what was installed when'),
                   ('error_codes', NULL, FALSE, 'codes are never reused'),
                   ('partition_policies', NULL, FALSE, 'where the next rows go'),
                   ('protected_tables', NULL, FALSE, 'what is protected stays protected')
               ) AS t (table_name, history_name, is_append_only, reason)
    LOOP
        CALL aegis.protect_table(
            p_table => ('aegis.' || quote_ident(v_table.table_name))::regclass,
            p_reason => v_table.reason,
            p_history => ('aegis.' || quote_ident(v_table.history_name))::regclass,
            p_append_only => v_table.is_append_only
        );
    END LOOP;

    CALL aegis.protect_table('aegis.ledger', 'every act', NULL, TRUE);
    CALL aegis.protect_table('aegis.seals', 'the chain over the acts', NULL, TRUE);
    CALL aegis.protect_table('aegis.seal_entries', 'which seal covers which act', NULL, TRUE);
    CALL aegis.protect_table('aegis.blocked_attempts', 'who tried what', NULL, TRUE);
    CALL aegis.protect_table('aegis.seal_formats', 'what a digest covers', NULL, TRUE);
    CALL aegis.protect_table('aegis_guard.tickets', 'who permitted what', NULL, TRUE);
    CALL aegis.protect_table('aegis_guard.ticket_uses', 'what was removed', NULL, TRUE);
    CALL aegis.protect_table('aegis_guard.baselines', 'what was good', NULL, TRUE);
END
$protected_tables$;
