-- Validation: each day, and each code, says in one row what was found in it and what became of it.
BEGIN;
SELECT plan(14);

SELECT aegis.upsert_stocks(array_agg(ROW('90000' || g, 'name ' || g, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM generate_series(1, 4) AS g;
CREATE FUNCTION pg_temp.bar(p_code text, p_day date, p_close numeric, p_base numeric DEFAULT 1000) RETURNS void LANGUAGE sql AS $$
    SELECT aegis.upsert_daily_market_data(
        ARRAY[ROW(p_code, p_day, 'raw', 1000, greatest(1000, p_close), least(1000, p_close), p_close, 500, NULL, NULL, 1000000, p_base, clock_timestamp(), NULL)::aegis.daily_market_data_input],
        'krx', gen_random_uuid())
$$;
CREATE FUNCTION pg_temp.day(p_day date) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', d.findings, d.critical_findings, d.error_findings, d.warning_findings, d.info_findings, '|', d.unexplained_findings,
                     d.explained_findings, d.decided_findings, d.superseded_findings, '|', d.unexplained_stocks, d.open_cases, d.findings_by_rule)
      FROM aegis.validation_by_day AS d WHERE d.trade_date = p_day
$$;
CREATE FUNCTION pg_temp.code(p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', c.findings, c.unexplained_findings, c.explained_findings, c.decided_findings, c.superseded_findings, '|', c.open_cases,
                     c.last_finding_date, c.unexplained_by_rule)
      FROM aegis.validation_by_code AS c WHERE c.stock_code = p_code
$$;

SELECT is(pg_temp.day('2025-03-04'), NULL, 'a day nobody has judged is not there');
SELECT is(pg_temp.code('900001'), '0 0 0 0 0 | 0 {}', 'a code without findings is');
SELECT pg_temp.bar('900001', '2025-03-04', 1000), pg_temp.bar('900002', '2025-03-04', 1400), pg_temp.bar('900003', '2025-03-04', 1700), pg_temp.bar('900004', '2025-03-04', 1000.5);
SELECT aegis.upsert_market_events(ARRAY[ROW('900003', 'liquidation', '2025-03-04', '2025-03-04', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.day('2025-03-04'),
    '3 1 1 1 0 | 2 1 0 0 | 2 2 {"off_tick": 1, "price_limit": 1, "price_change": 1}', 'findings by severity, by what became of them, and by rule');
SELECT results_eq(
    $$SELECT d.last_run_id, d.last_validated_at, d.last_rule_set_version FROM aegis.validation_by_day AS d WHERE d.trade_date = '2025-03-04'$$,
    $$SELECT r.run_id, r.finished_at, aegis.rule_set_version() FROM aegis.validation_runs AS r WHERE r.found_by = 'day'$$, 'and the latest run');
SELECT is(pg_temp.code('900002'), '1 1 0 0 0 | 1 2025-03-04 {"price_limit": 1}', 'the same of a code');
SELECT is(pg_temp.code('900003'), '1 0 1 0 0 | 0 2025-03-04 {}', 'an explained finding opens no case');
SELECT is((SELECT c.stock_name || ' ' || c.market FROM aegis.validation_by_code AS c WHERE c.stock_code = '900002'), 'name 2 KOSPI', 'with its name and market');
SELECT is((SELECT c.last_run_id FROM aegis.validation_by_code AS c WHERE c.stock_code = '900002'), (SELECT max(r.run_id) FROM aegis.validation_runs AS r WHERE r.found_by = 'day'),
          'and the latest run over it');

-- A decision and a correction.
DO $$
DECLARE v_case aegis.cases;
BEGIN
    SELECT c.* INTO v_case FROM aegis.cases AS c WHERE c.stock_code = '900004';
    CALL aegis.release_case(v_case.case_id, 'a block trade', v_case.state_version);
END$$;
SELECT is(pg_temp.code('900004'), '1 0 0 1 0 | 0 2025-03-04 {}', 'what a person has decided is no doubt any more');
SELECT pg_temp.bar('900002', '2025-03-04', 1200);
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.code('900002'), '0 0 0 0 1 | 1 2025-03-04 {}', 'a corrected value leaves a superseded finding');
SELECT is(pg_temp.day('2025-03-04'), '2 0 1 1 0 | 0 1 1 1 | 0 1 {"off_tick": 1, "price_change": 1}', 'also in its day');

SELECT aegis.validate_trading_day('2025-03-08');
SELECT is(pg_temp.day('2025-03-08'), '0 0 0 0 0 | 0 0 0 0 | 0 0 {}', 'a day that was judged without a finding is there');
SELECT aegis.validate_trading_day('2025-03-05');
SELECT is((SELECT c.findings_by_rule FROM aegis.validation_by_code AS c WHERE c.stock_code = '*'), '{"missing_session": 1}', '* is the market as a whole');
SELECT is((SELECT sum(d.findings) FROM aegis.validation_by_day AS d), (SELECT sum(c.findings) FROM aegis.validation_by_code AS c), 'days and codes tell the same');

SELECT * FROM finish();
ROLLBACK;
