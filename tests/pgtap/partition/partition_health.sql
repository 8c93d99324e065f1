-- Partition: health says what is missing and what to do, and is right about it.
BEGIN;
SELECT plan(10);

SELECT is_empty(
    'SELECT h.table_name, h.advice FROM aegis.partition_health AS h WHERE NOT h.is_healthy', 'a new database is healthy');
SELECT is(
    (SELECT count(*) FROM aegis.partition_health),
    (SELECT count(*) FROM pg_class AS c
      WHERE c.relkind = 'p' AND NOT c.relispartition AND c.relnamespace = 'aegis'::regnamespace),
    'all partitioned tables are watched'
);
SELECT ok(
    (SELECT bool_and(h.days_ahead >= CASE h.granularity WHEN 'month' THEN 89 ELSE 14 END) FROM aegis.partition_health AS h),
    'they reach ahead as the settings demand');

INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
VALUES ('005930', '2010-05-04', 100, 1, 'krx', 100, 1, '2010-05-04 15:00+09');
SELECT results_eq(
    $$SELECT h.is_healthy, h.default_rows, h.stray_rows, h.advice FROM aegis.partition_health AS h
       WHERE h.table_name = 'stock_prices'$$,
    $$VALUES (false, 1::bigint, 0::bigint, 'CALL aegis.maintain_partitions();')$$, 'a row in the default partition is told'
);
SELECT results_eq(
    $$SELECT * FROM aegis.default_partition_periods('aegis.stock_prices')$$,
    $$VALUES (DATE '2010-05-01', 1::bigint, true)$$, 'with its month'
);

INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
VALUES ('005930', '2199-05-06', 100, 1, 'krx', 100, 1, '2010-05-04 15:00+09');
SELECT results_eq(
    $$SELECT h.default_rows, h.stray_rows FROM aegis.partition_health AS h WHERE h.table_name = 'stock_prices'$$,
    'VALUES (2::bigint, 1::bigint)', 'a stray row is told apart'
);

CALL aegis.change_configuration('aegis.partition_days_ahead', '20', 'test');
SELECT results_eq(
    $$SELECT h.is_healthy, h.missing_partitions FROM aegis.partition_health AS h WHERE h.table_name = 'stock_ticks'$$,
    'VALUES (false, 6)', 'a wish for more days makes them missing'
);
SELECT throws_ok($$SELECT * FROM aegis.default_partition_periods('aegis.stocks')$$, 'AEM01', NULL,
                 'a table without policy has no periods');

CREATE TABLE aegis.all_the_past (LIKE aegis.stock_ticks INCLUDING ALL);
ALTER TABLE aegis.stock_ticks ATTACH PARTITION aegis.all_the_past FOR VALUES FROM (MINVALUE) TO ('1999-01-01');
SELECT results_eq(
    $$SELECT b.lower_bound, b.upper_bound FROM aegis.partition_bounds('aegis.stock_ticks') AS b
       WHERE b.partition = 'aegis.all_the_past'::regclass$$,
    $$VALUES (DATE '-infinity', DATE '1999-01-01')$$, 'an open bound is an infinite day'
);

GRANT aegis_reader TO CURRENT_USER;
SET LOCAL ROLE aegis_reader;
SELECT count(*) AS seen FROM aegis.partition_health \gset
RESET ROLE;
SELECT is(:seen::bigint, (SELECT count(*) FROM aegis.partition_policies), 'a reader may look');

SELECT * FROM finish();
ROLLBACK;
