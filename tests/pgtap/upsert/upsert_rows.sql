-- Upsert: one call for every table that takes batches; events are written once, and bytes that are no row are kept.
BEGIN;
SELECT plan(19);

CREATE FUNCTION pg_temp.verdicts(p_result aegis.batch_result) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', 'inserted ' || nullif(p_result.inserted, 0), 'updated ' || nullif(p_result.updated, 0),
                     'unchanged ' || nullif(p_result.unchanged, 0), 'stale ' || nullif(p_result.stale, 0),
                     'duplicate ' || nullif(p_result.duplicate, 0), 'quarantined ' || nullif(p_result.quarantined, 0),
                     'rejected ' || nullif(p_result.rejected, 0))
$$;

SELECT is(
    pg_temp.verdicts(aegis.upsert_rows('stock_ticks', ARRAY[
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 1, 53400, 10, 'buy', NULL),
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 2, 53500, 10, 'sell', NULL),
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 2, 53500, 10, 'sell', NULL),
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 1, 53400, 11, 'buy', NULL),
        ROW('005930', '2025-01-02', '2025-01-02 15:30:00Z', 3, 53400, 11, 'buy', NULL),
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 4, 53400, 11, 'both', NULL),
        ROW('005930', NULL, '2025-01-04 10:00:00.5+09', 5, 53400, 11, NULL, NULL)
    ]::aegis.stock_tick_input [], 'krx', gen_random_uuid())),
    'inserted 2, duplicate 1, quarantined 2, rejected 2', 'ticks are written once; a key with two contents is put aside'
);
SELECT is(
    pg_temp.verdicts(aegis.upsert_rows('stock_ticks', ARRAY[
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 2, 53500, 10, 'sell', NULL),
        ROW('005930', NULL, '2025-01-02 10:00:01+09', NULL, 53500, 10, NULL, NULL),
        ROW('005930', NULL, '2025-01-02 10:00:00.5+09', 1, 1, 1, NULL, NULL)
    ]::aegis.stock_tick_input [], 'krx', gen_random_uuid())),
    'inserted 1, duplicate 1, quarantined 1', 'the same tick again is a duplicate, another one under its key a conflict'
);
SELECT set_eq(
    $$SELECT reason COLLATE "default" FROM aegis.dead_letters WHERE target = 'stock_ticks'$$,
    $$VALUES ('conflicting_event'), ('wrong_day'), ('bad_side'), ('no_trading_day')$$, 'each with its reason'
);
SELECT is((SELECT count(*) FROM aegis.stock_ticks), 3::bigint, 'nothing was overwritten');
CALL aegis.override_trading_day('2025-01-04', TRUE, 'a Saturday session after all');
SELECT is(pg_temp.verdicts(r), 'inserted 1', 'a tick that was put aside can be replayed')
  FROM aegis.replay_dead_letters('stock_ticks', 'the calendar was wrong', p_rule => 'no_trading_day') AS r;
SELECT (aegis.upsert_rows('stock_ticks', ARRAY[
    ROW('005930', NULL, '2025-01-02 10:00:02+09', NULL, 53500, 10, NULL, NULL),
    ROW('005930', NULL, '2025-01-02 10:00:03+09', NULL, 53500, 10, NULL, NULL)
]::aegis.stock_tick_input [], 'krx', gen_random_uuid(), p_verdicts => 'all')).batch_number AS whole \gset
SELECT results_eq(
    format('SELECT b.verdict COLLATE "default", b.lines FROM aegis.batch_verdicts AS b WHERE b.batch_number = %s', :whole),
    $$VALUES ('inserted', '{[1,3)}'::int8multirange)$$, 'who asks for every verdict gets those of new ticks too'
);
SELECT is(
    pg_temp.verdicts(aegis.upsert_rows('stock_transactions', ARRAY[
        ROW('005930', NULL, 'T1', 'A', 'buy', 10, 53400, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL),
        ROW('005930', NULL, 'T1', 'A', 'buy', 10, 53400, 5, NULL, '2025-01-02 10:00+09', '2025-01-02 18:00+09', NULL),
        ROW('005930', NULL, 'T2', 'A', 'buy', 0, 53400, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL),
        ROW('005930', '2025-01-03', 'T3', 'A', 'buy', 1, 53400, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL)
    ]::aegis.stock_transaction_input [], 'krx', gen_random_uuid())),
    'inserted 1, duplicate 1, rejected 2', 'executions are latest-wins by the broker''s number'
);
SELECT is((SELECT fee FROM aegis.stock_transactions WHERE transaction_id = 'T1'), 5.00, 'the later version counts');
SELECT is(
    pg_temp.verdicts(aegis.upsert_rows('option_trades', ARRAY[
        ROW('005930', NULL, 'O1', 'B01', 'call', 55000, '2025-02-13', 'A', 'buy', 1, 1200, 10, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL),
        ROW('005930', NULL, 'O2', 'B01', 'straddle', 55000, '2025-02-13', 'A', 'buy', 1, 1200, 10, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL),
        ROW('005930', NULL, 'O3', 'B01', 'put', 55000, '2024-02-13', 'A', 'buy', 1, 1200, 10, NULL, NULL, '2025-01-02 10:00+09', NULL, NULL)
    ]::aegis.option_trade_input [], 'krx', gen_random_uuid())),
    'inserted 1, rejected 2', 'so are option trades'
);
SELECT is(
    pg_temp.verdicts(aegis.upsert_rows('user_activity_logs', ARRAY[
        ROW('2025-01-02 10:00+09', '00000000-0000-4000-8000-000000000001', 'u1', 'order.place', '{"n": 1}', '10.0.0.1'),
        ROW('2025-01-02 10:00+09', '00000000-0000-4000-8000-000000000001', 'u1', 'order.place', '{"n": 1}', '10.0.0.1'),
        ROW('2025-01-02 10:00+09', '00000000-0000-4000-8000-000000000002', 'u1', ' ', NULL, NULL),
        ROW('2025-01-02 10:00+09', NULL, 'u1', 'login', NULL, NULL),
        ROW('2025-01-02 10:01+09', '00000000-0000-4000-8000-000000000003', 'u1', 'login', '[]', NULL)
    ]::aegis.user_activity_input [], 'application', gen_random_uuid())),
    'inserted 1, duplicate 1, rejected 3', 'an application may send its log in batches'
);
SELECT is(
    pg_temp.verdicts(aegis.upsert_messages('api_request_logs', ARRAY[
        '{"occurred_at": "2025-01-02T10:00:00+09:00", "request_id": "00000000-0000-4000-8000-000000000001", "method": "GET", "path": "/가", "status": 200, "duration": "PT0.5S", "more": 1}'::bytea,
        '{"occurred_at": "2025-01-02T10:00:00+09:00", "request_id": "no uuid", "method": "GET", "path": "/", "duration": "1 s"}',
        '[1]', '{"broken', '\xfffe00ff', '\x7b226d6574686f64223a20225c7530303030227d', NULL
    ], 'application', gen_random_uuid())),
    'inserted 1, rejected 6', 'messages that are no rows go alone'
);
SELECT results_eq(
    $$SELECT d.line_number, d.reason COLLATE "default", coalesce(d.payload_bytes, convert_to(d.payload, 'UTF8'))
        FROM aegis.dead_letters AS d WHERE d.target = 'api_request_logs' AND d.line_number > 2 ORDER BY 1$$,
    $$VALUES (3::bigint, 'malformed_line', '[1]'::bytea), (4, 'malformed_line', '{"broken'), (5, 'broken_text', '\xfffe00ff'),
             (6, 'malformed_line', '\x7b226d6574686f64223a20225c7530303030227d'), (7, 'broken_text', '')$$,
    'and are kept byte for byte'
);
SELECT is((SELECT duration FROM aegis.api_request_logs), INTERVAL '0.5 s', 'what is a row is stored as one');
SELECT throws_ok(
    $$SELECT aegis.upsert_rows('stock_ticks', ARRAY[ROW('005930', NULL, 1, 1, now(), NULL)]::aegis.stock_price_input [], 'krx', gen_random_uuid())$$,
    'AEU08', NULL, 'rows of another type are refused'
);
SELECT throws_ok(
    $$SELECT aegis.upsert_rows('pg_class', ARRAY[1], 'krx', gen_random_uuid())$$, 'AEU05', NULL, 'as is a table that takes no batches'
);
-- A rule is missing and the table itself refuses the row.
SELECT aegis_guard._issue_ticket('aegis.ingest_rules', 'DELETE', 1, 'test');
DELETE FROM aegis.ingest_rules WHERE target = 'stock_prices' AND reason = 'price_not_positive';
SELECT is(
    pg_temp.verdicts(aegis.upsert_stock_prices(ARRAY[
        ROW('005930', '2025-01-02', 53400, 1, '2025-01-02 10:00+09', NULL),
        ROW('000660', '2025-01-02', -1, 1, '2025-01-02 10:00+09', NULL)
    ]::aegis.stock_price_input [], 'krx', gen_random_uuid())),
    'inserted 1, rejected 1', 'a row that only the table refuses goes alone'
);
SELECT results_eq(
    $$SELECT reason COLLATE "default", sqlstate FROM aegis.dead_letters WHERE target = 'stock_prices'$$,
    $$VALUES ('refused_by_table', '23514')$$, 'with what PostgreSQL said'
);
SELECT is(
    pg_temp.verdicts(aegis.upsert_stock_prices(ARRAY[
        ROW('005930', '2025-01-02', 53400, 1, '2025-01-03 10:00+09', NULL)
    ]::aegis.stock_price_input [], 'kis_websocket', gen_random_uuid())),
    'quarantined 1', 'a live source that speaks of another day has a wrong date or a wrong zone'
);
SELECT is_empty(
    $$SELECT b.batch_number FROM aegis.ingest_batches AS b LEFT JOIN aegis.dead_letters AS d USING (batch_number)
       GROUP BY b.batch_number HAVING count(d.dead_letter_id) <> b.quarantined + b.rejected$$,
    'every row put aside is a dead letter'
);

SELECT * FROM finish();
ROLLBACK;
