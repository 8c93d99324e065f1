-- Validation: a baseline that holds is what a bar is judged by, in the view too; whatever it rests on makes it stale.
BEGIN;
SELECT plan(14);

SELECT aegis.upsert_stocks(array_agg(ROW(c, c, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (VALUES ('900001'), ('900002')) AS s (c);
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW(s.code, c.trade_date, 'raw', 1000, 1000, 1000, 1000, 100 * c.place, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date DESC) AS place FROM aegis.trading_calendar AS t
         WHERE t.venue = 'XKRX' AND t.is_open AND t.trade_date BETWEEN '2025-02-17' AND '2025-03-04') AS c
 CROSS JOIN (VALUES ('900001'), ('900002')) AS s (code);

CREATE FUNCTION pg_temp.seen(p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s of %s', b.mean_volume, b.observations) FROM aegis.bar_context AS b WHERE b.stock_code = p_code AND b.trade_date = '2025-03-04'
$$;
CREATE FUNCTION pg_temp.stale() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(n.stock_code, ' ' ORDER BY n.stock_code) FROM aegis.validation_baselines AS n
     WHERE n.trade_date = '2025-03-04' AND n.is_stale
$$;
CREATE FUNCTION pg_temp.refreshed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL aegis.refresh_baselines('2025-03-04'); END $$;

SELECT is(pg_temp.seen('900001'), '650 of 10', 'without a baseline the past is looked up');
SELECT pg_temp.refreshed();
SELECT is(pg_temp.seen('900001'), '650 of 10', 'with one it is the same');
UPDATE aegis.validation_baselines AS n SET mean_volume = 7 WHERE n.stock_code = '900001';
SELECT is(pg_temp.seen('900001'), '7 of 10', 'but not looked up again');
UPDATE aegis.validation_baselines AS n SET lookback_rows = 5 WHERE n.stock_code = '900001';
SELECT is(pg_temp.seen('900001'), '650 of 10', 'unless it was made with another look-back');
SELECT pg_temp.refreshed();

SELECT aegis.soft_delete('aegis.daily_market_data', '{"stock_code": "900001", "trade_date": "2025-02-28", "price_basis": "raw"}', 'typed');
SELECT is(pg_temp.stale(), '900001', 'a bar that is deleted makes the baselines of its code stale');
SELECT is(pg_temp.seen('900001'), '700 of 9', 'and no longer counts');
SELECT pg_temp.refreshed();
SELECT is(pg_temp.stale(), NULL, 'a baseline that is made again holds');
SELECT aegis.restore_deleted('aegis.daily_market_data', '{"stock_code": "900001", "trade_date": "2025-02-28", "price_basis": "raw"}', 'it was right');
SELECT is(pg_temp.seen('900001'), '650 of 10', 'a bar that is restored counts again');
SELECT pg_temp.refreshed();

SELECT aegis.upsert_market_events(ARRAY[ROW('900001', 'halt', '2025-03-04', '2025-03-04', NULL, NULL, NULL, NULL, NULL, clock_timestamp(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());
SELECT is(pg_temp.stale(), '900001', 'so does an event that comes');
SELECT pg_temp.refreshed();
SELECT aegis.soft_delete('aegis.market_events', '{"stock_code": "900001", "event_kind": "halt", "starts_on": "2025-03-04"}', 'none');
SELECT is(pg_temp.stale(), '900001', 'and one that is deleted');
SELECT pg_temp.refreshed();
SELECT is((SELECT b.is_halted FROM aegis.bar_context AS b WHERE b.stock_code = '900001' AND b.trade_date = '2025-03-04'), FALSE, 'which is so no more');

SELECT pg_temp.refreshed();

SELECT aegis.upsert_stocks(array_agg(ROW(c, c, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, clock_timestamp(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (VALUES ('900001'), ('900002')) AS s (c);
SELECT is(pg_temp.stale(), NULL, 'the daily list of stocks changes nothing');
SELECT aegis.upsert_stocks(array_agg(ROW(c, c, m, NULL, NULL, 1000000, NULL, NULL, clock_timestamp(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (VALUES ('900001', 'KOSDAQ'), ('900002', 'KOSPI')) AS s (c, m);
SELECT is(pg_temp.stale(), '900001', 'unless a code is in another market');
SELECT pg_temp.refreshed();
SELECT aegis.upsert_stocks(ARRAY[ROW('900002', '900002', 'KOSPI', NULL, NULL, 1000000, NULL, '2025-03-04', clock_timestamp(), NULL)::aegis.stock_input], 'krx', gen_random_uuid());
SELECT is(pg_temp.stale(), '900002', 'or delisted');

SELECT * FROM finish();
ROLLBACK;
