-- Before the rules are asked about a batch, the load decides which of them.

INSERT INTO aegis.ingest_checks (target, stage, priority, routine)
SELECT t.target, 'after', 1, '_decide_checks'
  FROM aegis.ingest_targets AS t
 WHERE t.key_columns @> '{stock_code,trade_date}'
ON CONFLICT (target, stage, routine) DO NOTHING;
