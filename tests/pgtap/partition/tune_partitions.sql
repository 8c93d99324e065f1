-- Partition: a month that is over is stored as one that is seldom corrected.
BEGIN;
SELECT plan(11);

SELECT aegis.ensure_partitions('aegis.stock_prices', '2024-02-01', '2024-02-29') AS made \gset
SELECT ok(
    (SELECT c.reloptions @> '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05}'
       FROM pg_class AS c WHERE c.oid = 'aegis.stock_prices_p2024_02'::regclass),
    'a new partition is made for writing'
);
SELECT cmp_ok(aegis.tune_partitions('aegis.stock_prices'), '>', 0, 'closed ones are tuned');
SELECT is(
    (SELECT c.reloptions FROM pg_class AS c WHERE c.oid = 'aegis.stock_prices_p2024_02'::regclass),
    '{fillfactor=90}', 'and have the closed parameters, without the open ones'
);
SELECT ok(
    (SELECT c.reloptions @> '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05}'
       FROM aegis.partition_bounds('aegis.stock_prices') AS b
       JOIN pg_class AS c ON c.oid = b.partition
      WHERE (now() AT TIME ZONE 'Asia/Seoul')::date >= b.lower_bound
        AND (now() AT TIME ZONE 'Asia/Seoul')::date < b.upper_bound),
    'the running month stays open'
);
SELECT is(aegis.tune_partitions('aegis.stock_prices'), 0, 'a second run finds nothing to do');

SELECT aegis.ensure_partitions('aegis.stock_prices_history', '2024-02-01', '2024-02-29') AS made \gset
SELECT cmp_ok(aegis.tune_partitions('aegis.stock_prices_history'), '>', 0, 'so are those of the history');
SELECT is(
    (SELECT string_agg(pg_get_indexdef(i.indexrelid), '; ') FROM pg_index AS i WHERE i.indrelid = 'aegis.stock_prices_history_p2024_02'::regclass),
    'CREATE INDEX stock_prices_history_p2024_02_trade_date_ix ON aegis.stock_prices_history_p2024_02 USING brin (trade_date) WITH (pages_per_range=''8'')',
    'a closed one is indexed'
);
SELECT is_empty(
    $$SELECT i.indexrelid::regclass
        FROM aegis.partition_bounds('aegis.stock_prices_history') AS b JOIN pg_index AS i ON i.indrelid = b.partition
       WHERE (now() AT TIME ZONE 'Asia/Seoul')::date < b.upper_bound$$, 'one that is written is not'
);
SELECT is(aegis.tune_partitions('aegis.stock_prices_history'), 0, 'and once is enough');

SELECT is_empty('SELECT * FROM aegis_guard.compare_state()', 'and nothing of it looks weaker to the guards');
SELECT throws_ok($$SELECT aegis.tune_partitions('aegis.stocks')$$, 'AEM01', NULL, 'a table without a policy is refused');

SELECT * FROM finish();
ROLLBACK;
