-- Validation: a code is judged by its stored baselines as long as each of them holds, and found is the same.
BEGIN;
SELECT plan(16);

CREATE ROLE desk_one IN ROLE aegis_operator;
CREATE ROLE desk_two IN ROLE aegis_approver;
GRANT USAGE ON SCHEMA tap TO PUBLIC;

SELECT aegis.upsert_stocks(ARRAY[ROW('900001', 'x', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input], 'krx', gen_random_uuid());
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900001', c.trade_date, b, 1000, 1000 + c.place % 7, 1000, 1000 + c.place % 7,
                  CASE WHEN c.place % 5 = 0 THEN 90000 ELSE 100 + c.place END, NULL, NULL, 1000000, NULL, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date DESC) AS place FROM aegis.trading_calendar AS t
         WHERE t.venue = 'XKRX' AND t.is_open AND t.trade_date BETWEEN '2025-01-02' AND '2025-03-14') AS c
 CROSS JOIN (VALUES ('raw'), ('adjusted')) AS basis (b);

CREATE FUNCTION pg_temp.refreshed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 0..11 LOOP
        CALL aegis.refresh_baselines('2025-03-03'::date + n);
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.stored(p_to date DEFAULT '2025-03-14') RETURNS boolean LANGUAGE sql AS $$
    SELECT aegis._has_baselines(aegis._bars_query('2025-03-03', p_to, '900001', 'raw'), '2025-03-03', p_to)
$$;
CREATE FUNCTION pg_temp.found() RETURNS TABLE (finding text) LANGUAGE sql AS $$
    SELECT v::text FROM aegis.validate_code('900001', '2025-03-03', '2025-03-14') AS v
$$;
CREATE FUNCTION pg_temp.by_the_past() RETURNS TABLE (finding text) LANGUAGE sql AS $$
    SELECT ROW(j.trade_date, j.rule_code, j.rule_version, j.severity, j.observed, j.explained_by, j.data_version)::text
      FROM aegis._judge('daily_market_data', aegis._range_context('2025-03-03', '2025-03-14', '900001', 'raw')) AS j
$$;

SELECT is(pg_temp.stored(), FALSE, 'no baselines yet');
SELECT isnt_empty($$SELECT pg_temp.found()$$, 'there is something to be found');
SELECT set_eq($$SELECT pg_temp.found()$$, $$SELECT pg_temp.by_the_past()$$, 'it is judged by its past');
SELECT pg_temp.refreshed();
SELECT is(pg_temp.stored(), TRUE, 'every bar has one that holds');
SELECT set_eq($$SELECT pg_temp.found()$$, $$SELECT pg_temp.by_the_past()$$, 'by its baselines the same is found');
UPDATE aegis.validation_baselines AS n SET volume_quartiles = '{1,2}' WHERE n.trade_date = '2025-03-05';
SELECT set_ne($$SELECT pg_temp.found()$$, $$SELECT pg_temp.by_the_past()$$, 'which are not computed again');
SELECT is((SELECT count(*) FROM aegis.validate_code('900001', '2025-03-03', '2025-03-14', NULL)),
          (SELECT count(*) FROM aegis.validate_code('900001', '2025-03-03', '2025-03-14', 'raw'))
          + (SELECT count(*) FROM aegis.validate_code('900001', '2025-03-03', '2025-03-14', 'adjusted')), 'no price basis is both');

SELECT throws_ok($$SELECT aegis.validate_code(NULL, '2025-03-03', '2025-03-14')$$, 'AEV07', 'no code is named', 'no code is not every code');

-- Whatever a baseline rests on.
SELECT aegis.soft_delete('aegis.daily_market_data', '{"stock_code": "900001", "trade_date": "2025-02-28", "price_basis": "raw"}', 'typed');
SELECT is(pg_temp.stored(), FALSE, 'a bar before is gone');
SELECT pg_temp.refreshed();
UPDATE aegis.validation_baselines AS n SET lookback_rows = 5 WHERE n.trade_date = '2025-03-10';
SELECT is(pg_temp.stored(), FALSE, 'one was made with another look-back');
SELECT pg_temp.refreshed();
CALL aegis.override_trading_day('2025-03-11', FALSE, 'temporary holiday');
SELECT is(pg_temp.stored(), FALSE, 'a session has become a holiday');
SELECT pg_temp.refreshed();
SELECT is(pg_temp.stored(), TRUE, 'the calendar counts as it is');
SELECT aegis.upsert_daily_market_data(
    ARRAY[ROW('900001', '2025-03-17', 'raw', 9000, 9000, 9000, 9000, 1, NULL, NULL, 1000000, NULL, NULL, NULL)::aegis.daily_market_data_input],
    'krx', gen_random_uuid());
SELECT is(pg_temp.stored('2025-03-17'), FALSE, 'a bar has none');
SELECT isnt_empty($$SELECT FROM aegis.validate_code('900001', '2025-03-03', '2025-03-17') AS v WHERE v.trade_date = '2025-03-17'$$,
                  'and is judged all the same');
CALL aegis.refresh_baselines('2025-03-17');
SELECT is(pg_temp.stored('2025-03-17'), TRUE, 'until it has one');
SET LOCAL SESSION AUTHORIZATION desk_one;
SELECT aegis.request_deletion('aegis.daily_market_data', '[{"column": "trade_date", "operator": "=", "value": "2025-02-27"}, {"column": "price_basis", "operator": "=", "value": "raw"}]', 1, 'by order') AS request \gset
SET LOCAL SESSION AUTHORIZATION desk_two;
CALL aegis.approve_deletion(:request);
SET LOCAL SESSION AUTHORIZATION desk_one;
CALL aegis.emergency_deletion(:request);
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.stored(), FALSE, 'a row left in an emergency');

SELECT * FROM finish();
ROLLBACK;
