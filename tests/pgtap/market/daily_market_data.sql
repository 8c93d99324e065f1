-- Market: daily_market_data keeps a bar as delivered, and refuses what no bar can be.
BEGIN;
SELECT plan(16);

CREATE FUNCTION pg_temp.bar(
    p_code text, p_open numeric, p_high numeric, p_low numeric, p_close numeric,
    p_basis text DEFAULT 'raw', p_value numeric DEFAULT NULL, p_base numeric DEFAULT NULL
)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO aegis.daily_market_data (
        stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, trade_value,
        base_price, source, source_rank, batch_number, last_updated
    )
    VALUES (p_code, '2024-02-29', p_basis, p_open, p_high, p_low, p_close, 10, p_value, p_base, 'krx', 100, 1,
            '2024-02-29 15:30+09')
$$;

SELECT lives_ok('SELECT pg_temp.bar(''A1'', 10, 12, 9, 11, ''raw'', 110, 10)', 'an ordinary bar');
SELECT lives_ok('SELECT pg_temp.bar(''A1'', 10, 12, 9, 11, ''adjusted'')', 'the adjusted bar of the same day beside it');
SELECT lives_ok('SELECT pg_temp.bar(''A2'', 0, 0, 0, 11)', 'a day without trade keeps its zeros');
SELECT lives_ok('SELECT pg_temp.bar(''A3'', 10, 12, 9, 13, ''adjusted'')', 'an adjusted close may lie outside by rounding');
SELECT throws_ok('SELECT pg_temp.bar(''A1'', 10, 12, 9, 11)', '23505', NULL, 'one bar per code, day and basis');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 10, 8, 9, 9)', '23514', NULL, 'high below low is refused');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 10, 12, 9, 0)', '23514', NULL, 'a close of zero is refused');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', -1, 12, 9, 10)', '23514', NULL, 'a negative open is refused');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', ''NaN'', 12, 9, 10)', '23514', NULL, 'NaN is refused as open');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 1, ''NaN'', 1, 1)', '23514', NULL, 'as high');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 1, 1, 1, 1, ''raw'', ''NaN'')', '23514', NULL, 'as value');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 1, 1, 1, 1, ''raw'', 1, ''NaN'')', '23514', NULL, 'as base price');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 1, ''Infinity'', 1, 1)', '22003', NULL, 'infinity is refused');
SELECT throws_ok('SELECT pg_temp.bar(''A4'', 1, 1, 1, 1, ''half'')', '23514', NULL, 'the basis is raw or adjusted');

SELECT results_eq(
    'SELECT stock_code, close_price, base_price, prev_close FROM aegis.stock_prices_daily
      WHERE date = ''2024-02-29'' AND stock_code IN (''A1'', ''A2'', ''A3'') ORDER BY stock_code',
    $$VALUES ('A1' COLLATE "C", 11::numeric, 10::numeric, NULL::numeric), ('A2', 11, NULL, NULL)$$,
    'stock_prices_daily shows raw bars only'
);
INSERT INTO aegis.daily_market_data (
    stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, source, source_rank,
    batch_number, last_updated
)
VALUES ('A1', '2024-03-04', 'raw', 11, 11, 11, 11.5, 1, 'krx', 100, 1, '2024-03-04 15:30+09');
SELECT is(
    (SELECT d.prev_close FROM aegis.stock_prices_daily AS d WHERE d.date = '2024-03-04' AND d.stock_code = 'A1'),
    11::numeric, 'prev_close is the close of the preceding bar, over the holiday'
);

SELECT * FROM finish();
ROLLBACK;
