-- The conditions AEGIS is installed with: one impossible value stops a code, many doubts or a third of all rows put
-- aside a source, many doubts a market. Old rows are harmless, latest wins; the condition on them is there to be enabled.

INSERT INTO aegis.breaker_conditions (
    condition_code, kind, scope, minimum_severity, threshold, minimum_rows, period, cooldown, probe_batches, is_enabled
)
VALUES
('code_critical', 'findings', 'code', 'critical', 1, 1, '1 minute', '5 minutes', 3, TRUE),
('code_errors', 'findings', 'code', 'error', 3, 1, '5 minutes', '5 minutes', 3, TRUE),
('source_errors', 'findings', 'source', 'error', 200, 1, '5 minutes', '5 minutes', 5, TRUE),
('source_put_aside', 'put_aside_share', 'source', 'error', 0.3, 500, '5 minutes', '5 minutes', 5, TRUE),
('source_dead_letters', 'dead_letters', 'source', 'error', 5000, 1, '5 minutes', '5 minutes', 5, TRUE),
('source_stale', 'stale_share', 'source', 'error', 0.9, 1000, '5 minutes', '5 minutes', 3, FALSE),
('market_errors', 'findings', 'market', 'error', 300, 1, '5 minutes', '10 minutes', 5, TRUE)
ON CONFLICT (condition_code) DO NOTHING;
