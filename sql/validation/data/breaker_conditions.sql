-- The conditions AEGIS is installed with: one impossible value stops a code, many doubts a source or a market.

INSERT INTO aegis.breaker_conditions (
    condition_code, scope, rule_code, minimum_severity, findings, period, cooldown, probe_batches
)
VALUES
('code_critical', 'code', NULL, 'critical', 1, '1 minute', '5 minutes', 3),
('code_errors', 'code', NULL, 'error', 3, '5 minutes', '5 minutes', 3),
('source_errors', 'source', NULL, 'error', 200, '5 minutes', '5 minutes', 5),
('market_errors', 'market', NULL, 'error', 300, '5 minutes', '10 minutes', 5)
ON CONFLICT (condition_code) DO NOTHING;
