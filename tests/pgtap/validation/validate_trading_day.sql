-- Validation: a day is judged once per version of rule and value, and what it finds stays.
BEGIN;
SELECT plan(28);

SELECT aegis.upsert_stocks(array_agg(ROW(c, c, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (SELECT '90000' || g FROM generate_series(1, 8) AS g) AS s (c);

-- 40 sessions of a quiet past for codes 1 to 8 (prices wander a little), then a day under test.
CREATE FUNCTION pg_temp.past(p_count integer) RETURNS TABLE (day date, place bigint) LANGUAGE sql AS $$
    SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date)
      FROM (SELECT c.trade_date FROM aegis.trading_calendar AS c
             WHERE c.is_open AND c.trade_date < '2025-03-04' ORDER BY c.trade_date DESC LIMIT p_count) AS t
$$;
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('90000' || g, p.day, 'raw', 1000, 1000 + p.place % 3, 1000, 1000 + p.place % 3, 1000 + p.place, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM pg_temp.past(40) AS p CROSS JOIN generate_series(1, 8) AS g;

CREATE FUNCTION pg_temp.bar(
    p_code text, p_open numeric, p_high numeric, p_low numeric, p_close numeric, p_volume bigint, p_base numeric, p_day date DEFAULT '2025-03-04'
) RETURNS void LANGUAGE sql AS $$
    SELECT aegis.upsert_daily_market_data(
        ARRAY[ROW(p_code, p_day, 'raw', p_open, p_high, p_low, p_close, p_volume, NULL, NULL, 1000000, p_base, clock_timestamp(), NULL)::aegis.daily_market_data_input],
        'krx', gen_random_uuid())
$$;
CREATE FUNCTION pg_temp.found(p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(f.rule_code || coalesce(':' || f.explained_by, ''), ' ' ORDER BY f.rule_code COLLATE "C")
      FROM aegis.findings AS f
     WHERE f.trade_date = '2025-03-04' AND f.stock_code = p_code AND f.severity <> 'info' AND f.status IN ('open', 'explained')
$$;

SELECT pg_temp.bar('900001', 1001, 1001, 1001, 1001, 1100, 1001),    -- an ordinary day
       pg_temp.bar('900002', 1001, 1500, 1001, 1500, 1100, 1001),    -- beyond the limit, not beyond 50 %
       pg_temp.bar('900003', 1001, 1001, 1000.5, 1001, 1100, 1001),  -- off tick
       pg_temp.bar('900004', 1001, 1001, 1001, 1001, 2000000, 1001), -- more shares than listed
       pg_temp.bar('900005', 10010, 10010, 10010, 10010, 1100, 1001),-- another scale
       pg_temp.bar('900006', 1001, 1001, 1001, 1001, 1100, 500),     -- a base price out of nowhere
       pg_temp.bar('900007', 1000, 1001, 1000, 1001, 1040, 1001);    -- the bar before, again; 900008 is missing

SELECT throws_ok($$SELECT aegis.validate_trading_day(NULL)$$, 'AEV07', NULL, 'no day is no day');
SELECT throws_ok($$SELECT aegis.validate_trading_day('infinity')$$, 'AEV07', NULL, 'nor is infinity');
SELECT throws_ok($$CALL aegis.refresh_baselines('-infinity')$$, 'AEV07', NULL, 'nor for baselines');

SELECT results_eq(
    $$SELECT r.rows_judged, r.rules_asked, r.rule_set_version = aegis.rule_set_version(), r.findings > 5 FROM aegis.validate_trading_day('2025-03-04') AS r$$,
    $$VALUES (7::bigint, (SELECT count(*)::integer FROM aegis.validation_rules AS v WHERE 'daily_market_data' = ANY (v.targets)), TRUE, TRUE)$$,
    'a run says how many rows were judged by how many rules of which version'
);
SELECT is(pg_temp.found('900001'), NULL, 'an ordinary bar is left alone');
SELECT is(pg_temp.found('900002'), 'price_limit', 'a price beyond the limit of the day is found');
SELECT is(pg_temp.found('900003'), 'off_tick', 'a price off its tick is found');
SELECT is(pg_temp.found('900004'), 'turnover', 'a volume beyond the listed shares is found');
SELECT is(pg_temp.found('900005'), 'price_change price_gap price_limit scale_break', 'a decimal shift is found');
SELECT is(pg_temp.found('900006'), 'base_mismatch price_change price_gap price_limit', 'a base price that nothing explains is found');
SELECT is(pg_temp.found('900007'), 'stale_bar', 'a repeated bar is found');
SELECT is(pg_temp.found('900008'), 'missing_bar', 'a bar that should be there is found missing');
SELECT results_eq(
    $$SELECT f.rule_version, f.data_version, f.batch_number IS NOT NULL, f.observed ->> 'upper_limit'
        FROM aegis.findings AS f WHERE f.stock_code = '900002' AND f.rule_code = 'price_limit'$$,
    $$VALUES (1, 1, TRUE, '1301.00')$$, 'a finding names rule version, data version and batch, and keeps the numbers'
);

SELECT is((SELECT r.findings FROM aegis.validate_trading_day('2025-03-04') AS r), 0::bigint, 'judged again, nothing is found twice');

-- A corporate action explains, and the baselines follow it.
SELECT aegis.upsert_corporate_actions(
    ARRAY[ROW('900006', '2025-03-04', 'bonus_issue', 1, 0.5, NULL, NULL, now(), NULL)::aegis.corporate_action_input], 'krx', gen_random_uuid());
CALL aegis.refresh_baselines('2025-03-04');
SELECT is(
    (SELECT string_agg(c.rule_code || ':' || c.explained_by, ' ' ORDER BY c.rule_code)
       FROM aegis.validate_code('900006', '2025-03-04', '2025-03-04') AS c WHERE c.severity IN ('warning', 'error')),
    'base_mismatch:bonus_issue price_change:bonus_issue price_gap:bonus_issue', 'a bonus issue explains the new base price'
);

-- A correction supersedes what was found in the older value; nothing is deleted.
SELECT pg_temp.bar('900002', 1001, 1001, 1001, 1001, 1100, 1001);
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.found('900002'), NULL, 'a corrected bar is left alone');
SELECT results_eq($$SELECT f.status, f.data_version FROM aegis.findings AS f WHERE f.stock_code = '900002' AND f.rule_code = 'price_limit'$$,
                  $$VALUES ('superseded', 1)$$, 'and what was found in its older value stays');
SELECT throws_ok('DELETE FROM aegis.findings', 'AEP01', NULL, 'findings cannot be deleted');

-- A rule that changes or is switched off in mid-day.
CALL aegis.change_validation_rule('turnover', '{"threshold": 3}', 'test');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.found('900004'), NULL, 'by a wider rule the turnover is no finding any more');
CALL aegis.change_validation_rule('off_tick', '{"is_enabled": false}', 'test');
SELECT is((SELECT r.findings FROM aegis.validate_trading_day('2025-03-04') AS r), 0::bigint, 'a rule switched off asks nothing');
SELECT is(pg_temp.found('900003'), 'off_tick', 'what it had found stays open');
SELECT is((SELECT r.rules_asked FROM aegis.validate_trading_day('2025-03-04', 20) AS r),
          (SELECT count(*)::integer FROM aegis.validation_rules AS v WHERE 'daily_market_data' = ANY (v.targets) AND v.priority <= 20),
          'rules of higher numbers can be put off');

-- Whole sessions.
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW(r.stock_code, '2025-03-05', 'raw', 1000, 1001, 1000, 1001, 100 + r.n, NULL, NULL, NULL, NULL, NULL, NULL)::aegis.daily_market_data_input), 'krx', gen_random_uuid())
  FROM (SELECT '91' || lpad(g::text, 4, '0') AS stock_code, g AS n FROM generate_series(1, 20) AS g) AS r;
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW(d.stock_code, '2025-03-06', 'raw', d.open_price, d.high_price, d.low_price, d.close_price, d.volume, NULL, NULL, NULL, NULL, NULL, NULL)::aegis.daily_market_data_input), 'krx', gen_random_uuid())
  FROM aegis.daily_market_data AS d WHERE d.trade_date = '2025-03-05';
SELECT aegis.validate_trading_day('2025-03-06');
SELECT results_eq($$SELECT f.rule_code COLLATE "default", f.severity FROM aegis.findings AS f WHERE f.trade_date = '2025-03-06' AND f.stock_code = '*'$$,
                  $$VALUES ('duplicated_session', 'critical')$$, 'a session that repeats the one before is said once');
SELECT aegis.validate_trading_day('2025-03-07');
SELECT results_eq($$SELECT f.rule_code COLLATE "default", f.stock_code COLLATE "default" FROM aegis.findings AS f WHERE f.trade_date = '2025-03-07'$$,
                  $$VALUES ('missing_session', '*')$$, 'a session without bars is said once');
SELECT is((SELECT r.findings FROM aegis.validate_trading_day('2025-03-08') AS r), 0::bigint, 'nothing is expected of a Saturday');

-- Verdicts in one call.
SELECT is(aegis.comprehensive_validation('900005', '2025-03-04') ->> 'overall_status', 'WARNING', 'the verdict of a bad bar is a warning');
SELECT is(aegis.comprehensive_validation('900001', '2025-03-04') ->> 'overall_status', 'PASS', 'of a good one it is PASS');
SELECT throws_ok($$SELECT aegis.comprehensive_validation('999999')$$, 'AEV08', NULL, 'a code without bars has none');

SELECT * FROM finish();
ROLLBACK;
