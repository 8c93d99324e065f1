-- Every table of market data and logs is sealed from the revision on that brings the guards.

DO $seal_formats$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'stocks', 'corporate_actions', 'stock_prices', 'daily_market_data', 'stock_ticks', 'stock_transactions',
        'option_trades', 'user_activity_logs', 'api_request_logs'
    ]
    LOOP
        CALL aegis.seal_table(format('aegis.%I', v_table)::regclass);
    END LOOP;
END
$seal_formats$;
