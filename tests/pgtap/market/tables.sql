-- Market: what holds for every table of the pillar.
BEGIN;
SELECT plan(17);

CREATE TEMPORARY TABLE market AS
SELECT t.name, ('aegis.' || t.name)::regclass AS relation
  FROM unnest(ARRAY[
      'data_sources', 'data_sources_history', 'stocks', 'stocks_history', 'trading_calendar', 'trading_calendar_history',
      'corporate_actions', 'corporate_actions_history', 'stock_prices', 'stock_prices_history', 'daily_market_data',
      'daily_market_data_history', 'stock_ticks', 'stock_ticks_history', 'stock_transactions',
      'stock_transactions_history', 'option_trades', 'option_trades_history', 'user_activity_logs', 'api_request_logs'
  ]) AS t (name);

SELECT is_empty(
    $$SELECT m.name, a.attname FROM market AS m
        JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > 0 AND NOT a.attisdropped
       WHERE col_description(m.relation, a.attnum) IS NULL$$,
    'every column says what it holds'
);
SELECT is_empty(
    $$SELECT m.name, a.attname FROM market AS m
        JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > 0 AND a.atttypid = 'text'::regtype
        JOIN pg_index AS i ON i.indrelid = m.relation AND a.attnum = ANY (i.indkey)
       WHERE a.attcollation <> '"C"'::regcollation$$,
    'text keys compare bytes'
);
SELECT is_empty(
    $$SELECT m.name FROM market AS m
        JOIN pg_class AS c ON c.oid = m.relation AND c.relkind = 'p'
       WHERE NOT EXISTS (SELECT FROM aegis.partition_bounds(m.relation) AS b WHERE b.is_default)$$,
    'a default partition stands behind every partitioned table'
);
SELECT is_empty(
    $$SELECT m.name FROM market AS m
        JOIN pg_class AS c ON c.oid = m.relation AND c.relkind = 'p'
        LEFT JOIN aegis.partition_policies AS p ON p.table_name = m.name
       WHERE p.table_name IS NULL$$,
    'and a policy'
);
SELECT is_empty(
    $$SELECT m.name, i.indexrelid::regclass FROM market AS m
        JOIN pg_index AS i ON i.indrelid = m.relation AND i.indisunique
        JOIN pg_attribute AS s ON s.attrelid = m.relation AND s.attname = 'stock_code'
       WHERE s.attnum <> ALL (i.indkey)$$,
    'every unique key holds the stock code: the tables can be distributed by it'
);
SELECT is_empty(
    $$SELECT c.conrelid::regclass FROM pg_constraint AS c JOIN market AS m ON m.relation = c.conrelid WHERE c.contype = 'f'$$,
    'no foreign key slows the hot path'
);
SELECT is_empty(
    $$SELECT m.name, x.grantee::regrole, x.privilege_type FROM market AS m
        JOIN pg_class AS c ON c.oid = m.relation
       CROSS JOIN LATERAL aclexplode(c.relacl) AS x
       WHERE x.grantee <> c.relowner
         AND x.privilege_type <> 'SELECT'
         AND NOT (x.privilege_type = 'INSERT' AND x.grantee = 'aegis_app'::regrole AND m.name LIKE '%\_logs')$$,
    'nobody writes but by routines; applications append to the logs'
);
SELECT is_empty(
    $$SELECT c.oid::regclass FROM market AS m
        JOIN pg_inherits AS i ON i.inhparent = m.relation
        JOIN pg_class AS c ON c.oid = i.inhrelid
       WHERE c.relacl IS NOT NULL AND EXISTS (SELECT FROM aclexplode(c.relacl) AS x WHERE x.grantee <> c.relowner)$$,
    'nobody is granted a partition'
);
SELECT is_empty(
    $$SELECT c.oid::regclass FROM market AS m
        JOIN pg_inherits AS i ON i.inhparent = m.relation
        JOIN pg_class AS c ON c.oid = i.inhrelid
       WHERE c.relowner <> 'aegis_owner'::regrole$$,
    'partitions belong to aegis_owner'
);
SELECT ok(
    NOT has_table_privilege('aegis_reader', 'aegis.user_activity_logs', 'SELECT')
    AND NOT has_table_privilege('aegis_reader', 'aegis.api_request_logs', 'SELECT'),
    'personal data is not for every reader'
);
SELECT is_empty(
    $$SELECT m.name, n.attname FROM market AS m
        JOIN market AS k ON k.name = m.name || '_history'
        JOIN pg_attribute AS n ON n.attrelid = m.relation AND n.attnum > 0 AND NOT n.attisdropped
       WHERE (m.name, n.attname) <> ('stock_prices', 'updated_count')          -- follows from data_version
         AND NOT EXISTS (SELECT FROM pg_attribute AS h WHERE h.attrelid = k.relation AND h.attname = n.attname
                            AND h.atttypid = n.atttypid AND h.atttypmod = n.atttypmod
                            AND h.attcollation = n.attcollation)$$,
    'a history keeps every column'
);
SELECT is_empty(
    $$SELECT m.name FROM market AS m
        JOIN market AS k ON k.name = m.name || '_history'
       WHERE pg_get_partkeydef(k.relation) IS DISTINCT FROM pg_get_partkeydef(m.relation)
          OR (SELECT p.granularity FROM aegis.partition_policies AS p WHERE p.table_name = m.name)
             IS DISTINCT FROM (SELECT p.granularity FROM aegis.partition_policies AS p WHERE p.table_name = k.name)$$,
    'and is cut like its table'
);

SELECT lives_ok(
    $$INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
      VALUES ('33637L', 'krx', 100, 1, 'epoch'), ('0115H0', 'krx', 100, 1, 'epoch')$$,
    'a code may come before its master row'
);
SELECT throws_ok(
    $$INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
      VALUES ('kr005930', 'krx', 100, 1, 'epoch')$$, '23514', NULL, 'codes are digits and capital letters');
SELECT throws_ok(
    $$INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, price, volume, source, batch_number)
      VALUES ('005930', '2024-02-29', '2024-02-29 15:30Z', 1, 1, 'krx', 1)$$, '23514', NULL,
    'a tick of 15:30Z belongs to the next day in Seoul');
SELECT throws_ok(
    $$INSERT INTO aegis.option_trades (stock_code, trade_date, trade_id, option_code, option_type, strike_price, expires_on,
          account_id, side, quantity, price, executed_at, source, source_rank, batch_number, last_updated)
      VALUES ('005930', '2024-02-29', '1', '1', 'call', 1, '2024-02-28', '1', 'buy', 1, 1, '2024-02-29 10:00+09', 'broker',
              1, 1, now())$$, '23514', NULL, 'an expired option is not traded');

SET LOCAL ROLE aegis_app;
INSERT INTO aegis.user_activity_logs (user_id, activity) VALUES ('kim', 'login');
RESET ROLE;
SELECT is((SELECT count(*) FROM aegis.user_activity_logs), 1::bigint, 'an application appends to the log');

SELECT * FROM finish();
ROLLBACK;
