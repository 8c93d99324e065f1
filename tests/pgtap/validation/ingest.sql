-- Validation: a batch is judged on its way in, in its own transaction, by the baselines of its days.
BEGIN;
SELECT plan(13);

SELECT aegis.upsert_stocks(array_agg(ROW('90000' || g, 'x', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM generate_series(1, 3) AS g;
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('90000' || g, c.trade_date, 'raw', 1000, 1000, 1000, 1000, 1000, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', '00000000-0000-4000-8000-000000000001')
  FROM (SELECT t.trade_date FROM aegis.trading_calendar AS t WHERE t.is_open AND t.trade_date < '2025-03-04' ORDER BY t.trade_date DESC LIMIT 35) AS c
 CROSS JOIN generate_series(1, 3) AS g;

SELECT results_eq(
    $$SELECT r.rows_judged, r.rows_without_baseline, r.findings FROM aegis.validation_runs AS r WHERE r.found_by = 'ingest' AND r.target = 'daily_market_data'$$,
    $$VALUES (0::bigint, 105::bigint, 0::bigint)$$, 'rows of days without baseline are counted, not judged'
);
CALL aegis.refresh_baselines('2025-03-04');

CREATE FUNCTION pg_temp.bar(p_code text, p_close numeric, p_volume bigint, p_date date DEFAULT '2025-03-04') RETURNS bigint LANGUAGE sql AS $$
    SELECT r.batch_number FROM aegis.upsert_daily_market_data(
        ARRAY[ROW(p_code, p_date, 'raw', p_close, p_close, p_close, p_close, p_volume, NULL, NULL, 1000000, 1000, clock_timestamp(), NULL)::aegis.daily_market_data_input],
        'krx', gen_random_uuid()) AS r
$$;
CREATE FUNCTION pg_temp.found(p_code text, p_target text DEFAULT 'daily_market_data') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(f.rule_code, ' ' ORDER BY f.rule_code COLLATE "C") FROM aegis.findings AS f
     WHERE f.stock_code = p_code AND f.target = p_target AND f.found_by = 'ingest' AND f.severity <> 'info'
$$;

SELECT is(pg_temp.found(NULL), NULL, 'nothing is found before') FROM pg_temp.bar('900001', 1001, 1100);
SELECT is(pg_temp.found('900001'), NULL, 'an ordinary bar is left alone');
SELECT pg_temp.bar('900002', 10000, 1100);
SELECT is(pg_temp.found('900002'), 'price_change price_gap price_limit scale_break', 'a decimal shift is found on the way in');
SELECT is((SELECT d.close_price FROM aegis.daily_market_data AS d WHERE d.stock_code = '900002' AND d.trade_date = '2025-03-04'), 10000.00,
          'and the row is stored: rules flag, they do not refuse');
SELECT is(
    (SELECT count(*) FROM aegis.findings AS f JOIN aegis.daily_market_data AS d USING (stock_code, trade_date, price_basis, batch_number, data_version)
      WHERE f.stock_code = '900002'), (SELECT count(*) FROM aegis.findings AS f WHERE f.stock_code = '900002'),
    'each finding names the version and the batch of the row it is about'
);
SELECT pg_temp.bar('900003', 1001, 50000);
SELECT ok((SELECT bool_or(f.rule_code = 'volume_spike') FROM aegis.findings AS f WHERE f.stock_code = '900003'), 'statistical rules are asked too');

-- Intraday prices are judged by the same baseline, before the day has a bar.
SELECT aegis.upsert_stock_prices(
    ARRAY[ROW('900001', '2025-03-04', 1301, 10, '2025-03-04 10:00+09', NULL)::aegis.stock_price_input,
          ROW('900002', '2025-03-04', 1300, 10, '2025-03-04 10:00+09', NULL)::aegis.stock_price_input], 'krx', gen_random_uuid());
SELECT is(pg_temp.found('900001', 'stock_prices'), 'price_limit', 'a quote beyond the price limit is found');
SELECT is(pg_temp.found('900002', 'stock_prices'), NULL, 'one at the limit is not');

-- A later correction of the past makes the baseline stale; a stale one judges nothing.
SELECT pg_temp.bar('900001', 1002, 1000, '2025-02-28');
SELECT is((SELECT array_agg(n.stock_code ORDER BY n.stock_code) FROM aegis.validation_baselines AS n WHERE n.is_stale), '{900001}', 'its baseline is stale');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is((SELECT count(*) FROM aegis.validation_baselines AS n WHERE n.is_stale), 0::bigint, 'and made again when the day is judged');

CALL aegis.change_configuration('aegis.ingest_priority_limit', '0', 'a quiet hour');
SELECT is(pg_temp.found('900003'), NULL, 'rules can be put off on the way in') FROM pg_temp.bar('900003', 20000, 1100);
SELECT aegis.validate_trading_day('2025-03-04');
SELECT ok((SELECT bool_or(f.found_by = 'day') FROM aegis.findings AS f WHERE f.stock_code = '900003' AND f.rule_code = 'price_limit'),
          'and are asked when the day is judged');

SELECT * FROM finish();
ROLLBACK;
