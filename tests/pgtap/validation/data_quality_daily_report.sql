-- Validation: a bar is judged by its base price and by the bars before it, not by the rows of the query.
BEGIN;
SELECT plan(9);

-- 40 sessions of 1,000 shares, then a day under test.
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900001', c.trade_date, 'raw', 1000, 1000, 1000, 1000, 1000, NULL, NULL, NULL, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', '00000000-0000-4000-8000-000000000001')
  FROM (SELECT t.trade_date FROM aegis.trading_calendar AS t WHERE t.is_open AND t.trade_date < '2025-03-04' ORDER BY t.trade_date DESC LIMIT 40) AS c;

CREATE FUNCTION pg_temp.judge(p_open numeric, p_close numeric, p_volume bigint, p_base numeric) RETURNS text LANGUAGE sql AS $$
    SELECT aegis.upsert_daily_market_data(
        ARRAY[ROW('900001', '2025-03-04', 'raw', p_open, greatest(p_open, p_close), least(p_open, p_close), p_close, p_volume,
                  NULL, NULL, NULL, p_base, clock_timestamp(), NULL)::aegis.daily_market_data_input], 'krx', gen_random_uuid());
    SELECT concat_ws(' ', r.price_status, r.volume_status, r.gap_status, r.overall_status, r.base_price_origin, r.observations)
      FROM aegis.data_quality_daily_report AS r
     WHERE r.date = '2025-03-04' AND r.stock_code = '900001' AND r.price_basis = 'raw'
$$;

SELECT is(pg_temp.judge(1000, 1500, 5000, 1000), 'NORMAL NORMAL NORMAL VALIDATED source 30', 'at the limits nothing is found');
SELECT is(pg_temp.judge(1000, 1501, 5000, 1000), 'PRICE_ANOMALY NORMAL NORMAL REQUIRES_REVIEW source 30', 'a return beyond 50 % is found');
SELECT is(pg_temp.judge(1000, 1000, 5001, 1000), 'NORMAL VOLUME_SPIKE NORMAL REQUIRES_REVIEW source 30', 'five times the average volume is found');
SELECT is(pg_temp.judge(1201, 1201, 1000, 1000), 'NORMAL NORMAL PRICE_GAP REQUIRES_REVIEW source 30', 'a gap beyond 20 % is found');
SELECT is(pg_temp.judge(20, 20, 1000, 20), 'NORMAL NORMAL NORMAL VALIDATED source 30', 'a 50 for 1 split is none: the base price moved with it');
SELECT is(pg_temp.judge(20, 20, 1000, NULL), 'PRICE_ANOMALY NORMAL PRICE_GAP REQUIRES_REVIEW previous_close 30', 'without base price the previous close stands in');
SELECT is(pg_temp.judge(0, 1000, 0, 1000), 'NORMAL NORMAL NO_TRADE VALIDATED source 30', 'a day without trade has no gap');
SELECT is(
    (SELECT r.volume_status FROM aegis.data_quality_daily_report AS r WHERE r.stock_code = '900001' ORDER BY r.date LIMIT 1),
    'INSUFFICIENT_DATA', 'the first bars of a code are not judged by volume'
);
CALL aegis.change_validation_rule('price_gap', '{"threshold": 0.30}', 'test of the limit');
SELECT is(pg_temp.judge(1201, 1201, 1000, 1000), 'NORMAL NORMAL NORMAL VALIDATED source 30', 'a limit is the threshold of a rule');

SELECT * FROM finish();
ROLLBACK;
