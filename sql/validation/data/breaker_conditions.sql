-- The conditions AEGIS is installed with: one impossible value stops a code, many doubts a source or a market. Those on
-- the rows of a source are there to be enabled for a live feed: a broken file among years that are loaded puts many rows
-- aside and would stop the good files after it, and old rows are harmless, since the latest wins.

INSERT INTO aegis.breaker_conditions (
    condition_code, kind, scope, minimum_severity, threshold, minimum_rows, period, cooldown, probe_batches, is_enabled
)
VALUES
('code_critical', 'findings', 'code', 'critical', 1, 1, '1 minute', '5 minutes', 3, TRUE),
('code_errors', 'findings', 'code', 'error', 3, 1, '5 minutes', '5 minutes', 3, TRUE),
('source_errors', 'findings', 'source', 'error', 200, 1, '5 minutes', '5 minutes', 5, TRUE),
('source_put_aside', 'put_aside_share', 'source', 'error', 0.3, 500, '5 minutes', '5 minutes', 5, FALSE),
('source_dead_letters', 'dead_letters', 'source', 'error', 5000, 1, '5 minutes', '5 minutes', 5, FALSE),
('source_stale', 'stale_share', 'source', 'error', 0.9, 1000, '5 minutes', '5 minutes', 3, FALSE),
('market_errors', 'findings', 'market', 'error', 300, 1, '5 minutes', '10 minutes', 5, TRUE)
ON CONFLICT (condition_code) DO NOTHING;
