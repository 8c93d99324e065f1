-- The terms of the rules document are minimum and default at once. Archives of logs hold
-- personal data, so no export of them is demanded: a copy outside escapes an erasure.

INSERT INTO aegis.retention_policies (
    table_name, retention_class, keep_term, minimum_term, final_action, archive_term,
    is_export_required, event_columns, arrival_column
)
VALUES
('stock_transactions', 'trade', '7 years', '7 years', 'archive', NULL, FALSE,
    '{trade_date,executed_at,last_updated}', 'created_at'),
('option_trades', 'trade', '7 years', '7 years', 'archive', NULL, FALSE,
    '{trade_date,executed_at,last_updated}', 'created_at'),
('user_activity_logs', 'log', '2 years', '2 years', 'drop', '3 months', FALSE, '{occurred_at}', NULL),
('api_request_logs', 'log', '2 years', '2 years', 'drop', '3 months', FALSE, '{occurred_at}', NULL),
('stock_ticks', 'realtime', '30 days', '30 days', 'drop', '30 days', TRUE,
    '{trade_date,traded_at}', 'created_at'),
('stock_prices', 'market', '30 years', '7 years', 'archive', NULL, FALSE,
    '{trade_date,last_updated}', 'created_at'),
('daily_market_data', 'market', '30 years', '7 years', 'archive', NULL, FALSE,
    '{trade_date,last_updated}', 'created_at')
ON CONFLICT (table_name) DO NOTHING;
