-- Upsert: dead letters are replayed once what was wrong has changed, or settled by a person; each once.
BEGIN;
SELECT plan(14);

SELECT aegis.upsert_stock_prices(ARRAY[
    ROW('005930', '2025-01-04', 53400, 10, '2025-01-04 10:00+09', NULL),
    ROW('000660', '2025-01-04', -5, 10, '2025-01-04 10:00+09', NULL),
    ROW('000670', '2025-01-04', 5, 10, NULL, NULL)
]::aegis.stock_price_input [], 'krx', gen_random_uuid());
SELECT aegis.open_stage('stock_prices', p_raw => TRUE);
COPY pg_temp.stage_stock_prices_raw (line_number, stock_code, trade_date, price, volume, payload) FROM STDIN;
17	000680	2025-01-04	53	1	the line
\.
SELECT aegis.upsert_staged('stock_prices', 'krx', gen_random_uuid(), TRUE);
SELECT results_eq(
    $$SELECT reason COLLATE "default", letter_count, open_count FROM aegis.dead_letter_statistics ORDER BY 1$$,
    $$VALUES ('no_trading_day', 3::bigint, 3::bigint), ('price_not_positive', 1, 1)$$, 'the statistics show what waits'
);
SELECT is(
    (SELECT d.fields ->> 'event_at' FROM aegis.dead_letters AS d WHERE d.fields ->> 'stock_code' = '000670'), NULL,
    'a letter keeps what was sent, not what AEGIS filled in'
);
SELECT throws_ok($$SELECT aegis.replay_dead_letters('stock_prices', ' ')$$, 'AEU11', NULL, 'a replay needs a reason');
CALL aegis.override_trading_day('2025-01-04', TRUE, 'test');
SELECT results_eq(
    $$SELECT r.received, r.inserted, r.rejected FROM aegis.replay_dead_letters('stock_prices', 'the market was open') AS r ORDER BY 1$$,
    $$VALUES (1, 1, 0), (3, 2, 1)$$, 'letters are judged again, texts and typed rows each in a batch'
);
SELECT results_eq(
    $$SELECT stock_code COLLATE "default", price FROM aegis.stock_prices WHERE trade_date = '2025-01-04' ORDER BY 1$$,
    $$VALUES ('000670', 5.00), ('000680', 53.00), ('005930', 53400.00)$$, 'what is sound now is stored'
);
SELECT bag_eq(
    $$SELECT r.resolution, r.verdict FROM aegis.dead_letter_resolutions AS r$$,
    $$VALUES ('replayed', 'inserted'), ('replayed', 'inserted'), ('replayed', 'inserted'), ('replayed', 'rejected')$$,
    'each letter says what became of it'
);
SELECT results_eq(
    $$SELECT reason COLLATE "default", letter_count, open_count FROM aegis.dead_letter_statistics ORDER BY 1$$,
    $$VALUES ('no_trading_day', 3::bigint, 0::bigint), ('price_not_positive', 2, 1)$$, 'what is still wrong waits as a new letter'
);
SELECT is_empty(
    $$SELECT aegis.replay_dead_letters('stock_prices', 'once more', p_rule => 'no_trading_day')$$, 'a letter is replayed once'
);
SELECT max(dead_letter_id) AS letter FROM aegis.dead_letters \gset
SELECT throws_ok(format($$CALL aegis.resolve_dead_letter(%s, 'forgotten', 'x')$$, :letter), 'AEU11', NULL, 'there are two ways to settle one');
SELECT throws_ok(format($$CALL aegis.resolve_dead_letter(%s, 'dismissed', ' ')$$, :letter), 'AEU11', NULL, 'both with a reason');
SELECT throws_ok($$CALL aegis.resolve_dead_letter(-1, 'dismissed', 'x')$$, 'AEU09', NULL, 'a letter must exist');
SELECT lives_ok(format($$CALL aegis.resolve_dead_letter(%s, 'dismissed', 'nonsense')$$, :letter), 'a person may settle a letter');
SELECT throws_ok(format($$CALL aegis.resolve_dead_letter(%s, 'corrected', 'again')$$, :letter), 'AEU10', NULL, 'once');
SELECT is((SELECT sum(open_count) FROM aegis.dead_letter_statistics), 0::numeric, 'then nothing waits');

SELECT * FROM finish();
ROLLBACK;
