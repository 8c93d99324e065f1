-- Validation: a range of days is judged in one pass as it is judged bar by bar.
BEGIN;
SELECT plan(11);

SELECT aegis.upsert_stocks(array_agg(ROW('90000' || g, 'x', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM generate_series(1, 7) AS g;
-- Two years of bars with all that changes what a bar is judged by: gaps longer than the look-back (code 2), months without
-- a base price (3), a split (4), liquidation and a move between markets (5), an adjusted series (6), a halt (7).
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('90000' || g, c.trade_date, CASE g WHEN 6 THEN 'adjusted' ELSE 'raw' END,
                  b.price, b.price + 10 * (c.n % 7), b.price, b.price + 5 * (c.n % 3), 100 + (c.n * 7919) % 1000,
                  NULL, NULL, 1000000, CASE WHEN g = 3 AND c.n % 90 < 60 THEN NULL ELSE b.price END, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date)::integer AS n FROM aegis.trading_calendar AS t
         WHERE t.is_open AND t.trade_date BETWEEN '2023-06-01' AND '2025-03-04') AS c
 CROSS JOIN generate_series(1, 7) AS g
 CROSS JOIN LATERAL (SELECT CASE WHEN g = 4 AND c.trade_date >= '2024-06-03' THEN 500 ELSE 1000 END + 5 * ((c.n * 31) % 17)
                            + CASE WHEN c.n % 101 = g THEN 900 ELSE 0 END) AS b (price)
 WHERE NOT (g = 2 AND c.n % 130 BETWEEN 40 AND 110) AND NOT (g = 1 AND c.n % 40 = 5);
SELECT aegis.upsert_corporate_actions(ARRAY[
    ROW('900004', '2024-06-03', 'split', 2, 0.5, NULL, NULL, now(), NULL)::aegis.corporate_action_input,
    ROW('900002', '2024-03-04', 'bonus_issue', 1, 0.9, NULL, NULL, now(), NULL)::aegis.corporate_action_input], 'krx', gen_random_uuid());
SELECT aegis.upsert_market_events(ARRAY[
    ROW('900005', 'listing', '2023-09-01', '2024-05-31', 'KOSDAQ', TRUE, 1000, NULL, NULL, now(), NULL)::aegis.market_event_input,
    ROW('900005', 'listing', '2024-06-03', NULL, 'KOSPI', FALSE, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
    ROW('900005', 'liquidation', '2024-08-01', '2024-08-13', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input,
    ROW('900007', 'halt', '2024-02-01', '2024-03-15', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());

CREATE FUNCTION pg_temp.rounded(p_context jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(e.key, CASE jsonb_typeof(e.value) WHEN 'number' THEN to_jsonb(round((e.value #>> '{}')::numeric, 6)) ELSE e.value END)
      FROM jsonb_each(p_context - '{slot,volume_quartiles,return_quartiles}'::text []
                      || jsonb_build_object('v1', p_context #> '{volume_quartiles,0}', 'v3', p_context #> '{volume_quartiles,1}',
                                            'r1', p_context #> '{return_quartiles,0}', 'r3', p_context #> '{return_quartiles,1}')) AS e
$$;
DO $$BEGIN
    EXECUTE 'CREATE TEMPORARY TABLE ranged AS SELECT pg_temp.rounded(to_jsonb(r)) AS context FROM (' || aegis._range_context('2023-11-01', '2024-10-31') || ') AS r';
END$$;
CREATE TEMPORARY TABLE looked_up AS
SELECT pg_temp.rounded(to_jsonb(b)) AS context FROM aegis.bar_context AS b WHERE b.trade_date BETWEEN '2023-11-01' AND '2024-10-31';
SELECT cmp_ok((SELECT count(*) FROM ranged), '>', 1300::bigint, 'there is something to compare');
SELECT is_empty($$SELECT r.context -> 'stock_code', r.context -> 'trade_date',
                         (SELECT jsonb_object_agg(k.key, jsonb_build_array(k.value, l.context -> k.key)) FROM jsonb_each(r.context) AS k
                           WHERE k.value IS DISTINCT FROM l.context -> k.key)
                    FROM ranged AS r
                    FULL JOIN looked_up AS l ON (l.context -> 'stock_code', l.context -> 'trade_date') = (r.context -> 'stock_code', r.context -> 'trade_date')
                   WHERE r.context IS DISTINCT FROM l.context$$,
                'one pass says of every bar what the look-back says');

SELECT throws_ok($$SELECT aegis.validate_period('2024-01-02', NULL)$$, 'AEV07', NULL, 'no range is no range');
SELECT throws_ok($$SELECT aegis.validate_period('2024-01-03', '2024-01-02')$$, 'AEV07', NULL, 'nor one that ends before it begins');
SELECT results_eq(
    $$SELECT r.found_by, r.rows_judged, r.findings > 50 FROM aegis.validate_period('2023-06-01', '2025-03-04') AS r$$,
    $$SELECT 'range', count(*), TRUE FROM aegis.daily_market_data AS d$$, 'a run says how many bars were judged'
);
CREATE TEMPORARY TABLE by_range AS
SELECT f.trade_date, f.stock_code, f.rule_code, f.explained_by, f.severity, f.data_version FROM aegis.findings AS f WHERE f.found_by = 'range';
SELECT is((SELECT r.findings FROM aegis.validate_period('2023-06-01', '2025-03-04') AS r), 0::bigint, 'judged again, nothing is found twice');
SELECT cmp_ok((SELECT count(*) FROM aegis.cases AS c), '>', 0::bigint, 'findings open cases, floods of them one');
SELECT set_eq(
    $$SELECT v.trade_date, v.stock_code, v.rule_code, v.explained_by, v.severity, v.data_version FROM by_range AS v WHERE v.stock_code <> '900006'$$,
    $$SELECT v.trade_date, c.code, v.rule_code, v.explained_by, v.severity, v.data_version
        FROM unnest('{900001,900002,900003,900004,900005,900007}'::text []) AS c (code)
       CROSS JOIN LATERAL aegis.validate_code(c.code, '2023-06-01', '2025-03-04') AS v$$,
    'the findings are those of code by code'
);
CALL aegis.change_validation_rule('volume_spike', '{"threshold": 4}', 'test');
SELECT aegis.validate_period('2024-01-01', '2024-12-31');
SELECT is((SELECT count(*) FROM aegis.findings AS f WHERE f.rule_code = 'volume_spike' AND f.rule_version = 1 AND f.status <> 'superseded'
              AND f.trade_date BETWEEN '2024-01-01' AND '2024-12-31'), 0::bigint, 'a changed rule takes the place of its former version');
SELECT is((SELECT r.rules_asked FROM aegis.validate_period('2024-01-02', '2024-01-02', 20) AS r),
          (SELECT count(*)::integer FROM aegis.validation_rules AS v WHERE 'daily_market_data' = ANY (v.targets) AND v.priority <= 20),
          'rules of higher numbers can be put off');
INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, source,
                                     source_rank, batch_number, last_updated)
VALUES ('900009', '2024-05-02', 'raw', 999, 1001, 1000, 1001, 5, 'krx', 100, 0, now());
SELECT aegis.validate_period('2024-05-02', '2024-05-02');
SELECT is((SELECT count(*) FROM aegis.findings AS f WHERE f.stock_code = '900009' AND f.rule_code = 'open_outside_range'), 1::bigint,
          'a bar whose code is not in stocks is judged too');

SELECT * FROM finish();
ROLLBACK;
