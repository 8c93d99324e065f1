-- Validation: a bar has one context, whether it is looked up or precomputed.
BEGIN;
SELECT plan(4);

SELECT aegis.upsert_stocks(ARRAY[ROW('900001', 'x', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input], 'krx', gen_random_uuid());
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900001', c.trade_date, 'raw', 1000, 1000 + c.n, 990, 1000 + c.n % 7, 1000 + c.n * c.n % 13, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date) AS n FROM aegis.trading_calendar AS t
         WHERE t.is_open AND t.trade_date BETWEEN '2025-01-02' AND '2025-03-04') AS c;
CALL aegis.refresh_baselines('2025-03-04');
DO $$BEGIN
    EXECUTE 'CREATE TEMPORARY VIEW precomputed AS ' || aegis._baseline_context(aegis._bars_query('2025-03-04', '2025-03-04'), '2025-03-04', '2025-03-04');
END$$;
SELECT is(
    (SELECT to_jsonb(p) - 'slot' FROM precomputed AS p),
    (SELECT to_jsonb(b) FROM aegis.bar_context AS b WHERE b.trade_date = '2025-03-04' AND b.stock_code = '900001'),
    'the baseline says what the look-back says'
);
SELECT results_eq(
    $$SELECT b.volume_quartiles[1] = q.quartiles[1] AND b.volume_quartiles[2] = q.quartiles[2], b.observations
        FROM aegis.bar_context AS b
       CROSS JOIN (SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY p.volume) AS quartiles
                     FROM (SELECT d.volume FROM aegis.daily_market_data AS d WHERE d.stock_code = '900001' AND d.trade_date < '2025-03-04' ORDER BY d.trade_date DESC LIMIT 30) AS p) AS q
       WHERE b.trade_date = '2025-03-04' AND b.stock_code = '900001'$$,
    $$VALUES (TRUE, 30)$$, 'quartiles are those of the standard'
);

-- Thirty bars without any move, then one: no z-score, which would be infinite, but a return outside of its quartiles.
SELECT aegis.upsert_stocks(ARRAY[ROW('900002', 'x', 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input], 'krx', gen_random_uuid());
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900002', c.trade_date, 'raw', 300, CASE c.place WHEN 1 THEN 301 ELSE 300 END, 300, CASE c.place WHEN 1 THEN 301 ELSE 300 END,
                  1000 + c.place, NULL, NULL, 1000000, 300, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date DESC) AS place FROM aegis.trading_calendar AS t
         WHERE t.is_open AND t.trade_date BETWEEN '2025-01-02' AND '2025-03-04') AS c;
SELECT results_eq(
    $$SELECT b.sd_return, b.return_z, b.return_quartiles FROM aegis.bar_context AS b WHERE b.trade_date = '2025-03-04' AND b.stock_code = '900002'$$,
    $$VALUES (0::double precision, NULL::double precision, '{0,0}'::double precision [])$$, 'a past without deviation has no z-score'
);
SELECT set_eq(
    $$SELECT v.trade_date, v.rule_code FROM aegis.validate_code('900002', '2025-02-25', '2025-03-04') AS v WHERE v.rule_code LIKE 'return%'$$,
    $$VALUES ('2025-03-04'::date, 'return_iqr')$$, 'the first move after it is found by its quartiles, the days without one by nothing'
);

SELECT * FROM finish();
ROLLBACK;
