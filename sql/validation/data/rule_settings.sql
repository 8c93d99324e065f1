-- Settings of the evaluation, and its place in every batch.

INSERT INTO aegis.system_configurations AS c (
    configuration_key, value_type, configuration_value, default_value, minimum_value, maximum_value,
    unit, description
)
VALUES
('aegis.ingest_priority_limit', 'integer', '100', '100', 0, 100, 'priority',
    'Validation rules of higher numbers are not asked on the way in; they wait for aegis.validate_trading_day.'),
('aegis.closing_grace', 'interval', '30 seconds', '30 seconds', 0, 300, NULL,
    'How long after the end of a session its last trade may be stamped: auctions end at random.')
ON CONFLICT (configuration_key) DO NOTHING;

INSERT INTO aegis.ingest_checks (target, stage, priority, routine)
VALUES
('daily_market_data', 'after', 50, '_judge_batch'),
('stock_ticks', 'after', 50, '_judge_ticks'),
('stock_prices', 'after', 50, '_judge_batch'),
('stocks', 'after', 50, '_outdate_baselines'),
('market_events', 'after', 50, '_outdate_baselines'),
('corporate_actions', 'after', 50, '_outdate_baselines')
ON CONFLICT (target, stage, routine) DO NOTHING;
