-- Validation: under load less is judged at once, nothing is forgotten, and the level does not flap.
BEGIN;
SELECT plan(31);

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
SELECT pg_temp.send(100) AS flood \gset
SELECT is((SELECT (f.accepted_rows, f.rows_per_second >= 10)::text FROM aegis.flood_log AS f WHERE f.batch_number = :flood), '(100,t)',
          'a flood goes to its log');
SELECT is((SELECT d.reason FROM aegis.deferred_checks AS d WHERE d.batch_number = :flood), 'flood', 'and is sampled');

-- Making up.
DO $stand_in$
BEGIN
    IF to_regprocedure('aegis.validate_trading_day(date, integer)') IS NULL THEN
        CREATE FUNCTION aegis.validate_trading_day(p_date date, p_limit integer DEFAULT 100) RETURNS void LANGUAGE sql AS 'SELECT';
        GRANT EXECUTE ON FUNCTION aegis.validate_trading_day(date, integer) TO aegis_owner;
    END IF;
END
$stand_in$;
SELECT throws_ok('CALL aegis.run_deferred_checks(0)', 'AEV72', NULL, 'no days are no debt');
SELECT lives_ok('CALL aegis.run_deferred_checks()', 'what was put off is made up for');
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
