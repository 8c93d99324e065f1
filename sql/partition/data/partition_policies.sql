-- Tables that are rewritten during the day leave room on their pages and are vacuumed early; the others are appended to
-- and analysed early, because a partition without statistics is read sequentially. A closed one has the server's settings.

INSERT INTO aegis.partition_policies (
    table_name, granularity, key_column, key_type, open_parameters, closed_parameters, description
)
VALUES
('stock_prices', 'month', 'trade_date', 'date',
    '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05,autovacuum_analyze_scale_factor=0.02}', '{fillfactor=90}',
    'one row per code and day, updated all day long'),
('stock_prices_history', 'month', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'follows stock_prices'),
('daily_market_data', 'month', 'trade_date', 'date',
    '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05,autovacuum_analyze_scale_factor=0.02}', '{fillfactor=90}',
    'one bar per code and day, updated until the close'),
('daily_market_data_history', 'month', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'follows daily_market_data'),
('stock_ticks', 'day', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'appended, and the whole day leaves at once'),
('stock_ticks_history', 'day', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'follows stock_ticks'),
('stock_transactions', 'month', 'trade_date', 'date',
    '{fillfactor=90,autovacuum_vacuum_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=90}',
    'kept for years, seldom corrected'),
('stock_transactions_history', 'month', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'follows stock_transactions'),
('option_trades', 'month', 'trade_date', 'date',
    '{fillfactor=90,autovacuum_vacuum_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=90}',
    'kept for years, seldom corrected'),
('option_trades_history', 'month', 'trade_date', 'date',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'follows option_trades'),
('user_activity_logs', 'month', 'occurred_at', 'timestamptz',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'appended, and the whole month leaves at once'),
('api_request_logs', 'month', 'occurred_at', 'timestamptz',
    '{fillfactor=100,autovacuum_vacuum_insert_scale_factor=0.1,autovacuum_analyze_scale_factor=0.05}', '{fillfactor=100}',
    'appended, and the whole month leaves at once')
ON CONFLICT (table_name) DO NOTHING;
