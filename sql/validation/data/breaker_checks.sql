-- Every batch of market data asks the circuit breakers, after the rules have judged it.

INSERT INTO aegis.ingest_checks (target, stage, priority, routine)
SELECT t.target, c.stage, c.priority, c.routine
  FROM (VALUES ('rows', 10, '_ask_breakers'), ('after', 900, '_watch_breakers')) AS c (stage, priority, routine)
 CROSS JOIN aegis.ingest_targets AS t
 WHERE t.key_columns @> '{stock_code}'
   AND t.target <> 'stocks'
ON CONFLICT (target, stage, routine) DO NOTHING;
