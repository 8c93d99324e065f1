-- Validation: under load less is judged at once, nothing is forgotten, and the level does not flap.
BEGIN;
SELECT plan(33);

CREATE ROLE example_operator LOGIN;
GRANT aegis_operator TO example_operator;
CREATE FUNCTION pg_temp.send(p_codes integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT (aegis.upsert_stock_prices(
        ARRAY(SELECT ROW(n::text, '2025-01-02', 53400, 1, '2025-01-02 10:00+09', NULL)::aegis.stock_price_input
                FROM generate_series(900001, 900000 + p_codes) AS n), 'krx', gen_random_uuid())).batch_number
$$;
CREATE FUNCTION pg_temp.load(p_backends integer) RETURNS integer LANGUAGE sql AS
$$SELECT aegis._move_load_level(jsonb_build_object('backends', p_backends, 'waiting', 0, 'batch_seconds', 0))$$;

-- Measuring.
SELECT is((SELECT array_agg(m.key ORDER BY m.key) FROM jsonb_each_text(aegis._measured_load()) AS m
            WHERE m.value::numeric >= 0), '{backends,batch_seconds,waiting}', 'three things are measured');
SELECT is(aegis.active_priorities(), '[1,101)'::int4range, 'at rest all rules run');
SELECT is(aegis._load_level_of('{"backends": 0, "waiting": 20, "batch_seconds": 0}', 1), 2, 'waiting sessions are load');
SELECT is(aegis._load_level_of('{"backends": 0, "waiting": 0, "batch_seconds": 10}', 1), 3, 'slow batches are load');
SELECT is(pg_temp.load(29), 0, 'below the first limit nothing happens');
SELECT is(pg_temp.load(60), 2, 'up at once, over two levels');
SELECT is(aegis.active_priorities(), '[1,41)'::int4range, 'the less important rules are put off');
SELECT is((SELECT a.severity || ' ' || (a.detail ->> 'previous_level') FROM aegis.alerts AS a WHERE a.alert_kind = 'load_level'), 'error 0',
          'people are told');
SELECT is(pg_temp.load(50), 2, 'a little less is not calm: the level does not flap');
SELECT is((SELECT s.calm_from FROM aegis.load_state AS s), NULL, 'and calm has not begun');
SELECT is(pg_temp.load(10), 2, 'nor is a moment of calm enough');
UPDATE aegis.load_state SET calm_from = calm_from - INTERVAL '31 seconds';
SELECT is(pg_temp.load(10), 1, 'after a while it goes down, one level');
SELECT is(pg_temp.load(10), 1, 'and waits again');
UPDATE aegis.load_state SET calm_from = clock_timestamp() + INTERVAL '1 hour';
SELECT pg_temp.load(10);
SELECT ok((SELECT s.calm_from <= clock_timestamp() FROM aegis.load_state AS s), 'a clock set back does not make it wait an hour');
UPDATE aegis.load_state SET measured_at = clock_timestamp() - INTERVAL '2 minutes';
SELECT is(aegis.load_level(), 0, 'who no longer measures puts off nothing');
SELECT is(pg_temp.load(200), 3, 'the highest level');

-- Putting off.
SELECT pg_temp.send(1000) AS spared \gset
SELECT is((SELECT (d.priorities_through, d.accepted_rows, d.load_level, d.reason, d.checked_at IS NULL)::text
             FROM aegis.deferred_checks AS d WHERE d.batch_number = :spared), '(20,1000,3,load,t)', 'what a batch is spared is on record');
SELECT is(aegis.active_priorities(:spared), '[1,21)'::int4range, 'and that is what its rules read');
SELECT is((SELECT count(*) BETWEEN 50 AND 160 FROM generate_series(900001, 901000) AS n
            WHERE aegis.is_sampled(n::text, :spared)), TRUE, 'a tenth of the codes is judged all the same');
CALL aegis.override_load_level(0, 'the close is over');
SELECT is(aegis.active_priorities(:spared), '[1,21)'::int4range, 'a decision about a batch stays');
SELECT pg_temp.send(10) AS whole \gset
SELECT is(aegis.active_priorities(:whole), '[1,101)'::int4range, 'a person can set the level');
SELECT is((SELECT s.override_reason FROM aegis.load_state AS s), 'the close is over', 'with a reason');

-- Floods.
CALL aegis.change_configuration('aegis.flood_rows_per_second', '1', 'test');
CALL aegis.change_configuration('aegis.load_priority_1', '50', 'test');
SELECT pg_temp.send(100) AS flood \gset
SELECT is((SELECT (f.accepted_rows, f.rows_per_second >= 10)::text FROM aegis.flood_log AS f WHERE f.batch_number = :flood), '(100,t)',
          'a flood goes to its log');
SELECT is((SELECT d.reason FROM aegis.deferred_checks AS d WHERE d.batch_number = :flood), 'flood', 'and is sampled');

-- Making up.
CALL aegis.change_configuration('aegis.flood_rows_per_second', '100000000', 'test');
CALL aegis.change_configuration('aegis.sampling_rate', '0', 'test');
CALL aegis.override_load_level(0, 'test');
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900001', c.trade_date, 'raw', 1000, 1000, 1000, 1000, 1000, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date FROM aegis.trading_calendar AS t WHERE t.is_open AND t.trade_date < '2025-03-04' ORDER BY t.trade_date DESC LIMIT 35) AS c;
CALL aegis.refresh_baselines('2025-03-04');
CALL aegis.override_load_level(3, 'test');
CREATE FUNCTION pg_temp.jump() RETURNS bigint LANGUAGE sql AS $$
    SELECT (aegis.upsert_daily_market_data(
        ARRAY[ROW('900001', '2025-03-04', 'raw', 9000, 9000, 9000, 9000, 1000, NULL, NULL, 1000000, 1000, clock_timestamp(), NULL)::aegis.daily_market_data_input],
        'krx', gen_random_uuid())).batch_number
$$;
CREATE FUNCTION pg_temp.is_found() RETURNS boolean LANGUAGE sql AS
$$SELECT EXISTS (SELECT FROM aegis.findings AS f WHERE f.stock_code = '900001' AND f.rule_code = 'price_change' AND f.status = 'open')$$;
SELECT pg_temp.jump();
SELECT ok(NOT pg_temp.is_found(), 'a rule that is put off does not speak on the way in');
CALL aegis.override_load_level(0, 'test');
SELECT throws_ok('CALL aegis.run_deferred_checks(0)', 'AEV72', NULL, 'no days are no debt');
SELECT lives_ok('CALL aegis.run_deferred_checks(10000)', 'what was put off is made up for');
SELECT ok(pg_temp.is_found(), 'and finds what it would have found');
SELECT is((SELECT count(*) FROM aegis.deferred_checks AS d WHERE d.checked_at IS NULL), 0::bigint, 'all of it, by one look at the day');
CALL aegis.override_load_level(1, 'busy');
SELECT throws_ok('CALL aegis.run_deferred_checks()', 'AEV72', NULL, 'but not while the load is high');

SET SESSION AUTHORIZATION example_operator;
SELECT throws_ok('CALL aegis.override_load_level(4, ''x'')', 'AEV70', NULL, 'there are four levels');
SELECT throws_ok('CALL aegis.override_load_level(1, ''x'', ''1 year'')', 'AEV70', NULL, 'and none is for ever');
SELECT throws_ok('CALL aegis.override_load_level(1, '''')', 'AEV71', NULL, 'a reason is asked for');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
