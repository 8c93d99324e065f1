-- Market: the price limit of a day is exact, dated, and knows when none applies.
BEGIN;
SELECT plan(22);

SELECT aegis.upsert_stocks(
    ARRAY[ROW('900001', 'a', 'KOSPI', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.stock_input,
          ROW('900002', 'b', 'KONEX', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.stock_input,
          ROW('900003', 'c', 'KOSDAQ GLOBAL', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.stock_input,
          ROW('900004', 'd', 'KOSDAQ', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.stock_input],
    'krx', gen_random_uuid());
CREATE FUNCTION pg_temp.bar(p_code text, p_date date, p_close numeric, p_base numeric) RETURNS void LANGUAGE sql AS $$
    SELECT aegis.upsert_daily_market_data(
        ARRAY[ROW(p_code, p_date, 'raw', p_close, p_close, p_close, p_close, 10, NULL, NULL, NULL, p_base, NULL, NULL)::aegis.daily_market_data_input],
        'krx', gen_random_uuid())
$$;
SELECT pg_temp.bar('900001', '2024-03-04', 4875, 4875), pg_temp.bar('900002', '2024-03-04', 1000, 1000),
       pg_temp.bar('900003', '2024-03-04', 4875, 4875);

CREATE FUNCTION pg_temp.limits(p_code text, p_date date) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', trim_scale(l.base_price), l.base_price_origin, trim_scale(l.upper_limit), trim_scale(l.lower_limit),
                     trim_scale(l.tick_size), l.no_limit_reason)
      FROM aegis.price_limits(p_code, p_date) AS l
$$;

SELECT is(pg_temp.limits('900001', '2024-03-04'), '4875 source 6330 3415 5', 'the upper limit is cut to the coarser tick of its own band');
SELECT is(pg_temp.limits('900003', '2024-03-04'), '4875 source 6330 3415 5', 'KOSDAQ GLOBAL follows the rules of KOSDAQ');
SELECT is(pg_temp.limits('900002', '2024-03-04'), '1000 source 1150 850 1', 'KONEX has 15 %');
SELECT is(pg_temp.limits('900001', '2024-03-05'), '4875 previous_close 6330 3415 5', 'before the day has a bar, the close before stands in, and it is said');
SELECT is_empty($$SELECT * FROM aegis.price_limits('900009', '2024-03-05')$$, 'of an unknown code nothing is known');

-- The rules of the day, not those of today.
SELECT is(aegis.tick_size('KOSPI', '2023-01-24', 15000), 50.00, 'tick before 2023-01-25');
SELECT is(aegis.tick_size('KOSPI', '2023-01-25', 15000), 10.00, 'tick since');
SELECT is(aegis.tick_size('KOSDAQ', '2021-01-04', 150000), 100.00, 'KOSDAQ had finer ticks');
SELECT is(aegis.tick_size('KOSPI', '2021-01-04', 150000), 500.00, 'than KOSPI');
SELECT is(aegis.tick_size('KOSPI', '2024-01-02', 'NaN'), NULL, 'NaN has no tick');
SELECT is(aegis.tick_size('KOSPI', '2024-01-02', -1), NULL, 'a negative price has none');
SELECT results_eq(
    $$SELECT m.price_limit_pct FROM aegis.market_days AS m
       WHERE m.market = 'KOSPI' AND DATE '2015-06-12' BETWEEN m.valid_from AND m.valid_to
          OR m.market = 'KOSPI' AND DATE '2015-06-15' BETWEEN m.valid_from AND m.valid_to ORDER BY m.valid_from$$,
    $$VALUES (15::numeric), (30)$$, 'the limit widened on 2015-06-15'
);
SELECT results_eq(
    $$SELECT s.session_kind COLLATE "default", s.ends FROM aegis.market_sessions AS s
       WHERE s.market = 'KOSPI' AND s.session_kind LIKE 'after%' AND s.session_kind <> 'after_hours_close'
         AND DATE '2026-09-14' BETWEEN s.valid_from AND s.valid_to$$,
    $$VALUES ('after_market', '20:00'::time)$$, 'since 2026-09-14 the evening is one continuous market'
);

-- Periods do not overlap and leave no hole: one row covers a day.
SELECT is_empty($$SELECT a.market, a.valid_from FROM aegis.market_days AS a JOIN aegis.market_days AS b
                   ON b.market = a.market AND b.valid_from > a.valid_from AND b.valid_from <= a.valid_to$$, 'periods do not overlap');
SELECT is_empty($$SELECT r.market, r.rule_name, r.valid_from FROM aegis.market_rules AS r JOIN aegis.market_rules AS s
                   ON (s.market, s.rule_name) = (r.market, r.rule_name) AND s.valid_from > r.valid_from AND s.valid_from <= r.valid_to$$,
                'a rule has one value a day');
SELECT is_empty($$SELECT t.market, t.valid_from, t.price_from FROM aegis.tick_sizes AS t JOIN aegis.tick_sizes AS u
                   ON u.market = t.market AND u.valid_from > t.valid_from AND u.valid_from <= t.valid_to$$, 'a price has one tick a day');

-- Why no limit applies, and which other one does.
SELECT aegis.upsert_market_events(
    ARRAY[ROW('900001', 'liquidation', '2024-03-06', '2024-03-14', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
          ROW('900004', 'listing', '2024-03-06', NULL, 'KOSDAQ', TRUE, 13000, NULL, NULL, now(), NULL)::aegis.market_event_input],
    'krx', gen_random_uuid());
SELECT is(pg_temp.limits('900001', '2024-03-06'), '4875 previous_close 5 liquidation', 'liquidation trading has no limit, but a tick');
SELECT is(pg_temp.limits('900004', '2024-03-06'), '13000 offer_price 52000 7800 10', 'a first listing day runs from 60 to 400 % of the offer price');
SELECT aegis.upsert_corporate_actions(
    ARRAY[ROW('900001', '2024-03-05', 'split', 10, 0.1, NULL, NULL, now(), NULL)::aegis.corporate_action_input], 'krx', gen_random_uuid());
SELECT is(pg_temp.limits('900001', '2024-03-05'), '488 derived 634 342 1', 'a derived base is rounded up to its tick');

SELECT is((SELECT count(*) FROM aegis.price_limits_of('2024-03-05')), 3::bigint, 'the set has every code with a recent bar');
SELECT results_eq(
    $$SELECT r.rejected FROM aegis.upsert_market_events(ARRAY[
          ROW('900001', 'holiday', '2024-03-06', NULL, NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
          ROW('900001', 'listing', '2024-03-06', NULL, NULL, TRUE, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
          ROW('900001', 'halt', '2024-03-06', '2024-03-05', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
          ROW('900001', 'halt', 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
          ROW('900001', 'listing', '2024-03-06', NULL, 'KOSPI', TRUE, 'NaN', NULL, NULL, now(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid()) AS r$$,
    $$VALUES (5)$$, 'an event that is none goes to the dead letters, alone'
);
SELECT results_eq(
    $$SELECT r.rejected FROM aegis.upsert_corporate_actions(ARRAY[
          ROW('900001', '2024-03-06', 'gift', 2, 0.5, NULL, NULL, now(), NULL)::aegis.corporate_action_input,
          ROW('900001', '2024-03-06', 'split', 2, 'NaN', NULL, NULL, now(), NULL)::aegis.corporate_action_input,
          ROW('900001', '2024-03-06', 'split', 2, 0, NULL, NULL, now(), NULL)::aegis.corporate_action_input], 'krx', gen_random_uuid()) AS r$$,
    $$VALUES (3)$$, 'so does a corporate action that is none'
);

SELECT * FROM finish();
ROLLBACK;
