-- Market: a refill takes a consistent calendar or none.
BEGIN;
SELECT plan(9);

CREATE FUNCTION pg_temp.refill(p_rows aegis.trading_day_input [], p_source text DEFAULT 'test 1') RETURNS text
LANGUAGE sql AS $$ SELECT r::text FROM aegis.refill_trading_calendar(p_rows, p_source) AS r $$;

SELECT throws_ok($$SELECT pg_temp.refill('{}', NULL)$$, 'AEK43', NULL, 'a calendar has a source');
SELECT throws_ok($$SELECT pg_temp.refill('{}', 'override')$$, 'AEK43', NULL, 'a source is no override');
SELECT throws_ok(
    $$SELECT pg_temp.refill('{"(2041-01-01,f,,,holiday)","(2041-01-01,f,,,holiday)"}')$$, 'AEK44', NULL, 'no day comes twice');
SELECT throws_ok($$SELECT pg_temp.refill('{"(,f,,,holiday)"}')$$, 'AEK44', NULL, 'no row without day');
SELECT throws_ok($$SELECT pg_temp.refill('{"(2041-01-02,t,,,regular)"}')$$, 'AEK44', NULL, 'no session without hours');
SELECT throws_ok($$SELECT pg_temp.refill('{"(2041-01-02,f,,,regular)"}')$$, 'AEK44', NULL, 'no closed session');
SELECT throws_ok(
    $$SELECT pg_temp.refill('{"(2041-01-02,t,2041-01-02 09:00Z,2041-01-02 15:30Z,regular)"}')$$, 'AEK44', NULL,
    'no session of the next day');
SELECT is(pg_temp.refill('{}'), '(0,0,0,0)', 'an empty calendar changes nothing');
SELECT is(
    (SELECT count(*) FROM aegis.trading_calendar AS c WHERE c.trade_date >= '2041-01-01'), 0::bigint,
    'nothing of a refused calendar stays'
);

SELECT * FROM finish();
ROLLBACK;
