-- Upsert: a file's lines are copied as text and judged by the database, line by line.
BEGIN;
SELECT plan(8);

SELECT is(aegis.open_stage('daily_market_data', p_raw => TRUE), 'pg_temp.stage_daily_market_data_raw', 'a stage is the session''s own');
COPY pg_temp.stage_daily_market_data_raw (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, event_at, payload) FROM STDIN;
005930	2025-01-02		52700	53600	52300	53400	16630538	\N	good
005930	2025-02-30		52700	53600	52300	53400	16630538	\N	no such day
000660	2025-01-02	raw	171200	x	168600	171200	100	\N	no number
000670	2025-01-02	adjusted	1	3	1	2	1e2	2025-01-02T16:00:00+0900	good too
000680	2025-01-02	raw	1	3	1	2	1	2025-01-02T16:00:00	no zone
000690	2025-01-02	raw	3	1	3	2	1	\N	upside down
000700	2025-01-02	both	1	3	1	2	1	\N	no such basis
\N	\N	\N	\N	\N	\N	\N	\N	\N	a line without columns
\.
SELECT results_eq(
    $$SELECT r.received, r.inserted, r.rejected FROM aegis.upsert_staged('daily_market_data', 'krx', '00000000-0000-4000-8000-000000000001', TRUE) AS r$$,
    $$VALUES (8, 2, 6)$$, 'good lines are stored, bad lines go alone'
);
SELECT results_eq(
    $$SELECT d.line_number, d.reason COLLATE "default", d.payload FROM aegis.dead_letters AS d ORDER BY d.line_number$$,
    $$VALUES (2::bigint, 'unparsable_trade_date', 'no such day'), (3, 'unparsable_high_price', 'no number'),
             (5, 'unparsable_event_at', 'no zone'), (6, 'high_below_low', 'upside down'), (7, 'bad_price_basis', 'no such basis'),
             (8, 'malformed_line', 'a line without columns')$$,
    'a dead letter names the line, the reason and the original'
);
SELECT is(
    (SELECT d.last_updated FROM aegis.daily_market_data AS d WHERE d.stock_code = '005930'),
    '2025-01-02 15:30+09'::timestamptz, 'a bar without event time counts from the session''s close'
);
SELECT throws_ok($$SELECT aegis.open_stage('pg_class')$$, 'AEU05', NULL, 'a table that takes no batches has no stage');
CREATE TEMPORARY VIEW stage_stocks AS SELECT 1 AS stage_row;
SELECT throws_ok($$SELECT aegis.open_stage('stocks')$$, 'AEU06', NULL, 'a relation of the caller''s in place of a stage is refused');
SELECT throws_ok($$SELECT aegis.upsert_staged('stocks', 'krx', gen_random_uuid())$$, 'AEU06', NULL, 'without a stage there is nothing to apply');
SELECT is(aegis._parse_numeric('0x1F'), NULL, 'a number is written in decimal digits on every version');

SELECT * FROM finish();
ROLLBACK;
