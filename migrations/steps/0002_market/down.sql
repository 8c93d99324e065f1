-- Takes back 0002_market: the market tables go.

-- Each table is locked before its rows are counted: whoever is writing now comes first, and is counted.

DO $guard$
DECLARE
    v_table text;
    v_has_rows boolean;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'stocks', 'stocks_history', 'corporate_actions', 'corporate_actions_history', 'stock_prices',
        'stock_prices_history', 'daily_market_data', 'daily_market_data_history', 'stock_ticks',
        'stock_ticks_history', 'stock_transactions', 'stock_transactions_history', 'option_trades',
        'option_trades_history', 'user_activity_logs', 'api_request_logs', 'trading_calendar_history',
        'data_sources_history', 'market_events', 'market_events_history'
    ]
    LOOP
        EXECUTE format('LOCK TABLE aegis.%I IN ACCESS EXCLUSIVE MODE', v_table);
        EXECUTE format('SELECT EXISTS (SELECT FROM aegis.%I)', v_table) INTO v_has_rows;
        IF v_has_rows AND current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on' THEN
            RAISE EXCEPTION 'going back from 0002_market loses the rows of aegis.%', v_table
                USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
        END IF;
    END LOOP;
END
$guard$;

DROP FUNCTION aegis.price_limits_of;
DROP FUNCTION aegis.price_limits;
DROP FUNCTION aegis._market_facts;
DROP FUNCTION aegis._limit_prices;
DROP FUNCTION aegis._limit_width;
DROP FUNCTION aegis.tick_size;
DROP FUNCTION aegis.rule_market;
DROP VIEW aegis.market_days;
DROP TABLE aegis.market_events_history;
DROP TABLE aegis.market_events;
DROP TABLE aegis.market_sessions;
DROP TABLE aegis.tick_sizes;
DROP TABLE aegis.market_rules;
DROP FUNCTION aegis.refill_trading_calendar;
DROP PROCEDURE aegis.override_trading_day;
DROP FUNCTION aegis.is_trading_day;
DROP FUNCTION aegis.trading_day_before;
DROP VIEW aegis.stock_prices_daily;
DROP TABLE aegis.api_request_logs;
DROP TABLE aegis.user_activity_logs;
DROP TABLE aegis.option_trades_history;
DROP TABLE aegis.option_trades;
DROP TABLE aegis.stock_transactions_history;
DROP TABLE aegis.stock_transactions;
DROP TABLE aegis.stock_ticks_history;
DROP TABLE aegis.stock_ticks;
DROP TABLE aegis.daily_market_data_history;
DROP TABLE aegis.daily_market_data;
DROP TABLE aegis.stock_prices_history;
DROP TABLE aegis.stock_prices;
DROP TABLE aegis.corporate_actions_history;
DROP TABLE aegis.corporate_actions;
DROP TABLE aegis.stocks_history;
DROP TABLE aegis.stocks;
DROP TABLE aegis.trading_calendar_history;
DROP TABLE aegis.trading_calendar;
DROP TABLE aegis.data_sources_history;
DROP TABLE aegis.data_sources;
DROP TYPE aegis.trading_day_input;
