-- Partition: a range of days gets its partitions, whole, guarded and with the rows that waited.
BEGIN;
SELECT plan(29);

CREATE FUNCTION pg_temp.ensure(p_table regclass, p_from date, p_to date) RETURNS integer
LANGUAGE sql AS 'SELECT aegis.ensure_partitions(p_table, p_from, p_to)';

SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stocks', '2001-01-01', '2001-01-01')$$, 'AEM01', NULL,
                 'a table without policy is refused');
SELECT throws_ok($$SELECT pg_temp.ensure(NULL, '2001-01-01', '2001-01-01')$$, 'AEM01', NULL, 'so is none');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices_default', '2001-01-01', '2001-01-01')$$, 'AEM01', NULL,
                 'so is a partition');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', NULL, '2001-01-01')$$, 'AEM02', NULL,
                 'a range has a beginning');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', '2001-01-01', 'infinity')$$, 'AEM02', NULL,
                 'and a finite end');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', '2001-02-01', '2001-01-31')$$, 'AEM02', NULL,
                 'not before the beginning');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', '1979-12-31', '2001-01-31')$$, 'AEM03', NULL,
                 'it begins in 1980 or later');
SELECT throws_ok(
    format('SELECT pg_temp.ensure(''aegis.stock_prices'', ''2001-01-31'', %L)', current_date + 735), 'AEM03', NULL,
    'and ends within two years from now');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_ticks', '2001-01-01', '2003-01-01')$$, 'AEM04', NULL,
                 'more than 500 partitions at once are refused');

CREATE TABLE aegis.stock_prices_p2001_07 (note text);
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', '2001-06-01', '2001-07-01')$$, 'AEM06', NULL,
                 'a foreign table of the name of a partition is left alone');
SELECT hasnt_table('aegis', 'stock_prices_p2001_06', 'and nothing else is made then');

CREATE TABLE aegis.by_hand (LIKE aegis.stock_prices INCLUDING ALL);
ALTER TABLE aegis.stock_prices ATTACH PARTITION aegis.by_hand FOR VALUES FROM ('2002-01-15') TO ('2002-02-01');
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.stock_prices', '2002-01-01', '2002-01-01')$$, 'AEM05', NULL,
                 'a month that is partly covered is refused');

INSERT INTO aegis.stock_prices (
    stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated, created_at, data_version
)
SELECT '005930', d::date, 100, 1, 'krx', 100, 1, d, TIMESTAMPTZ '2001-03-31 20:00+09', 2
  FROM generate_series(TIMESTAMP '2001-01-01', '2001-03-31', '1 day') AS d;
CREATE TEMPORARY TABLE before AS SELECT p.* FROM aegis.stock_prices AS p;

SET LOCAL ROLE aegis_ingest;
SELECT aegis.ensure_partitions('aegis.stock_prices', '2001-01-15', '2001-02-01') AS made \gset
RESET ROLE;
SELECT is(:made, 2, 'the months that the range touches are made');
SELECT results_eq(
    $$SELECT tableoid::regclass::text, count(*) FROM aegis.stock_prices
       WHERE trade_date BETWEEN '2001-01-01' AND '2001-03-31' GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('aegis.stock_prices_default', 31::bigint), ('aegis.stock_prices_p2001_01', 31),
             ('aegis.stock_prices_p2001_02', 28)$$,
    'their rows move out of the default partition, the others stay'
);
SELECT is_empty(
    $$(SELECT p.* FROM aegis.stock_prices AS p EXCEPT SELECT b.* FROM before AS b)
      UNION ALL (SELECT b.* FROM before AS b EXCEPT SELECT p.* FROM aegis.stock_prices AS p)$$,
    'no value changes on the way, not even created_at or data_version'
);
SELECT is_empty(
    $$SELECT h.* FROM aegis.stock_prices_history AS h$$, 'and the move is no history'
);
SELECT is(pg_temp.ensure('aegis.stock_prices', '2001-01-01', '2001-02-28'), 0, 'a second call makes nothing');
SELECT results_eq(
    $$SELECT b.lower_bound, b.upper_bound FROM aegis.partition_bounds('aegis.stock_prices') AS b
       WHERE b.partition = 'aegis.stock_prices_p2001_02'::regclass$$,
    $$VALUES (DATE '2001-02-01', DATE '2001-03-01')$$, 'bounds are those of the month'
);
SELECT results_eq(
    $$SELECT c.reloptions @> '{fillfactor=80}', c.relowner = 'aegis_owner'::regrole, c.relacl IS NULL OR c.relacl::text !~ 'aegis_(app|ingest|reader)',
             c.reltuples FROM pg_class AS c WHERE c.oid = 'aegis.stock_prices_p2001_01'::regclass$$,
    $$VALUES (true, true, true, 31::real)$$,
    'the partition has room for updates, the right owner, no grants, and statistics'
);
SELECT is(
    (SELECT count(*) FROM pg_inherits AS i JOIN pg_index AS x ON x.indexrelid = i.inhrelid
      WHERE x.indrelid = 'aegis.stock_prices_p2001_01'::regclass),
    (SELECT count(*) FROM pg_index AS x WHERE x.indrelid = 'aegis.stock_prices'::regclass),
    'its indexes are those of the table, once each'
);
SELECT throws_ok('DELETE FROM aegis.stock_prices_p2001_01', 'AEP01', NULL, 'the new partition refuses DELETE');
SELECT throws_ok('TRUNCATE aegis.stock_prices_p2001_01', 'AEP02', NULL, 'and TRUNCATE');
SELECT throws_ok('DELETE FROM aegis.stock_prices_default', 'AEP01', NULL, 'the default partition still does');

INSERT INTO aegis.user_activity_logs (occurred_at, activity)
VALUES ('2001-04-30 23:59:59.999999+09', 'last'), ('2001-05-01 00:00+09', 'first'), ('2001-05-31 14:59Z', 'late');
SELECT is(pg_temp.ensure('aegis.user_activity_logs', '2001-05-01', '2001-05-31'), 1, 'a month of logs is made');
SELECT results_eq(
    $$SELECT l.activity, l.tableoid::regclass::text FROM aegis.user_activity_logs AS l ORDER BY l.occurred_at$$,
    $$VALUES ('last', 'aegis.user_activity_logs_default'), ('first', 'aegis.user_activity_logs_p2001_05'),
             ('late', 'aegis.user_activity_logs_p2001_05')$$,
    'it is a month of KST, to the microsecond'
);

CREATE TABLE aegis.example_days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE aegis.example_days_default PARTITION OF aegis.example_days DEFAULT;
ALTER TABLE aegis.example_days OWNER TO aegis_owner;
ALTER TABLE aegis.example_days_default OWNER TO aegis_owner;
INSERT INTO aegis.partition_policies (table_name, granularity, key_column, key_type, description)
VALUES ('example_days', 'month', 'day', 'date', 'not guarded');
INSERT INTO aegis.example_days VALUES ('2001-03-01');
CREATE RULE swallow AS ON DELETE TO aegis.example_days_default DO INSTEAD NOTHING;
SELECT throws_ok($$SELECT pg_temp.ensure('aegis.example_days', '2001-03-01', '2001-03-01')$$, 'AEM07', NULL,
                 'a row that does not leave the default partition is not copied either');
SELECT is((SELECT count(*) FROM aegis.stock_prices AS p WHERE p.trade_date BETWEEN '2001-03-01' AND '2001-03-31'),
          31::bigint, 'and stays where it was');

SELECT is(pg_temp.ensure('aegis.stock_ticks', '2000-02-28', '2000-03-01'), 3, 'days are made, the leap day too');
SELECT is(current_setting('lock_timeout'), (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'lock_timeout'),
          'the patience of the caller is as before');

SELECT * FROM finish();
ROLLBACK;
