-- Market: stock_prices takes what a price can be, and nothing else.
BEGIN;
SELECT plan(16);

CREATE FUNCTION pg_temp.price(p_price numeric, p_volume bigint DEFAULT 1, p_code text DEFAULT '005930')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
    VALUES (p_code, '2024-02-29', p_price, p_volume, 'krx', 100, 1, '2024-02-29 15:30+09')
$$;

SELECT lives_ok('SELECT pg_temp.price(75300)', 'a price can be stored');
SELECT lives_ok('SELECT pg_temp.price(9999999999999.99, 0, ''0115H0'')', 'the largest price, no volume, a code with a letter');
SELECT throws_ok('SELECT pg_temp.price(''NaN'', 1, ''A'')', '23514', NULL, 'NaN is no price');
SELECT throws_ok('SELECT pg_temp.price(''Infinity'', 1, ''A'')', '22003', NULL, 'infinity is no price');
SELECT throws_ok('SELECT pg_temp.price(1e13, 1, ''A'')', '22003', NULL, '1e13 is too large');
SELECT throws_ok('SELECT pg_temp.price(0, 1, ''A'')', '23514', NULL, 'zero is no price');
SELECT throws_ok('SELECT pg_temp.price(-1, 1, ''A'')', '23514', NULL, 'a negative number is no price');
SELECT throws_ok('SELECT pg_temp.price(1, -1, ''A'')', '23514', NULL, 'a negative number is no volume');
SELECT throws_ok('SELECT pg_temp.price(1)', '23505', NULL, 'one row per code and trading date');

SELECT results_eq(
    'SELECT data_version, updated_count, is_active FROM aegis.stock_prices WHERE stock_code = ''005930''',
    'VALUES (1, 0, true)',
    'a new row is version 1, never changed, active'
);
UPDATE aegis.stock_prices SET price = 75400, data_version = data_version + 1 WHERE stock_code = '005930';
SELECT is((SELECT updated_count FROM aegis.stock_prices WHERE stock_code = '005930'), 1, 'a change is counted');

SELECT throws_ok(
    'UPDATE aegis.stock_prices SET deleted_at = now() WHERE stock_code = ''005930''', '23514', NULL,
    'a soft delete needs somebody and a reason'
);
UPDATE aegis.stock_prices SET deleted_at = now(), deleted_by = 'kim', delete_reason = 'test' WHERE stock_code = '005930';
SELECT is((SELECT is_active FROM aegis.stock_prices WHERE stock_code = '005930'), FALSE, 'is_active follows');
SELECT throws_ok(
    'UPDATE aegis.stock_prices SET is_active = true', '428C9', NULL,
    'is_active cannot say anything else'
);

SELECT is_empty(
    $$SELECT i.indexrelid::regclass
        FROM pg_index AS i
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
       WHERE i.indrelid = 'aegis.stock_prices'::regclass AND a.attname = 'last_updated'$$,
    'no index holds last_updated: updates stay HOT'
);
SELECT is(
    (SELECT string_agg(format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
       FROM pg_attribute AS a
      WHERE a.attrelid = 'aegis.stock_prices'::regclass AND a.attname IN ('price', 'volume', 'last_updated')),
    'numeric(15,2), bigint, timestamp with time zone',
    'types keep won, shares and zone'
);

SELECT * FROM finish();
ROLLBACK;
