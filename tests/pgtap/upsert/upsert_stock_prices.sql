-- Upsert: the latest value wins whatever the order, and every row is accounted for.
BEGIN;
SELECT plan(21);

-- A batch id that is readable in a failure.
CREATE FUNCTION pg_temp.id(p_number integer) RETURNS uuid LANGUAGE sql AS
$$SELECT ('00000000-0000-4000-8000-' || lpad(p_number::text, 12, '0'))::uuid$$;

-- Verdicts of one batch as text, zeros left out.
CREATE FUNCTION pg_temp.verdicts(p_rows aegis.stock_price_input [], p_source text, p_number integer) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(v.name || ' ' || v.rows, ', ' ORDER BY v.place)
      FROM aegis.upsert_stock_prices(p_rows, p_source, pg_temp.id(p_number)) AS r
     CROSS JOIN LATERAL (VALUES
        (1, 'inserted', r.inserted), (2, 'updated', r.updated), (3, 'unchanged', r.unchanged), (4, 'stale', r.stale),
        (5, 'duplicate', r.duplicate), (6, 'quarantined', r.quarantined), (7, 'rejected', r.rejected)
     ) AS v (place, name, rows)
     WHERE v.rows > 0
$$;

SELECT is(
    pg_temp.verdicts(ARRAY[ROW('005930', '2025-01-02', 53400, 100, '2025-01-02 10:00+09', NULL)]::aegis.stock_price_input [], 'krx', 1),
    'inserted 1', 'a new key is inserted'
);
SELECT is(
    pg_temp.verdicts(ARRAY[ROW('005930', '2025-01-02', 53500, 200, '2025-01-02 10:01+09', NULL)]::aegis.stock_price_input [], 'krx', 2),
    'updated 1', 'a later value supersedes'
);
SELECT is(
    pg_temp.verdicts(ARRAY[ROW('005930', '2025-01-02', 53400, 100, '2025-01-02 10:00+09', NULL)]::aegis.stock_price_input [], 'krx', 3),
    'stale 1', 'an earlier value is stale'
);
SELECT is(
    pg_temp.verdicts(ARRAY[ROW('005930', '2025-01-02', 53500, 200, '2025-01-02 10:01+09', NULL)]::aegis.stock_price_input [], 'krx', 4),
    'unchanged 1', 'the same value again is unchanged'
);
SELECT results_eq(
    $$SELECT price, volume, data_version, updated_count FROM aegis.stock_prices WHERE stock_code = '005930' AND trade_date = '2025-01-02'$$,
    $$VALUES (53500.00, 200::bigint, 2, 1)$$, 'the row holds the latest value, its version and how often it changed'
);
SELECT results_eq(
    $$SELECT price, volume, data_version FROM aegis.stock_prices_history WHERE stock_code = '005930' AND trade_date = '2025-01-02'$$,
    $$VALUES (53400.00, 100::bigint, 1)$$, 'the superseded value is in the history'
);
SELECT is(
    pg_temp.verdicts(ARRAY[ROW('005930', '2025-01-02', 53400, 100, '2025-01-02 10:01+09', NULL)]::aegis.stock_price_input [], 'krx_snapshot', 5),
    'stale 1', 'at equal times the source of higher rank wins'
);
SELECT is(
    pg_temp.verdicts(ARRAY[
        ROW('005930', '2025-01-02', 53000, 300, '2025-01-02 10:02+09', 1),
        ROW('005930', '2025-01-02', 53100, 300, '2025-01-02 10:02+09', 2),
        ROW('005930', '2025-01-02', 52900, 300, '2025-01-02 10:02+09', 2)
    ]::aegis.stock_price_input [], 'krx', 6),
    'updated 1, duplicate 2', 'of one key in a batch one row counts'
);
SELECT is(
    (SELECT price FROM aegis.stock_prices WHERE stock_code = '005930' AND trade_date = '2025-01-02'), 53100.00,
    'the sequence decides at equal times, then the payload'
);
SELECT is(
    pg_temp.verdicts(ARRAY[
        ROW('0115H0', '2025-01-02', 'NaN', 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 'Infinity', 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 0, 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 1e13, 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 1.001, 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 1, -1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', 1, 1e30, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '2025-01-02', NULL, 1, '2025-01-02 10:00+09', NULL),
        ROW(NULL, '2025-01-02', 1, 1, '2025-01-02 10:00+09', NULL),
        ROW('o115h0', '2025-01-02', 1, 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', 'infinity', 1, 1, '2025-01-02 10:00+09', NULL),
        ROW('0115H0', '1900-01-01', 1, 1, '1900-01-01 10:00+09', NULL),
        ROW('0115H0', NULL, 1, 1, NULL, NULL),
        ROW('0115H0', '2025-01-02', 70, 7, '2025-01-02 10:00+09', NULL)
    ]::aegis.stock_price_input [], 'krx', 7),
    'inserted 1, rejected 13', 'what breaks a structural rule is rejected alone'
);
SELECT is(
    pg_temp.verdicts(ARRAY[
        ROW('005930', '2099-01-02', 1, 1, '2099-01-02 10:00+09', NULL),
        ROW('005930', '2025-01-02', 1, 1, '2099-01-02 10:00+09', NULL),
        ROW('005930', '2025-01-01', 1, 1, '2025-01-01 10:00+09', NULL),
        ROW('005930', '2025-01-04', 1, 1, '2025-01-04 10:00+09', NULL),
        ROW('005930', '2025-01-03', 1, 1, '2025-01-03 08:59:59+09', NULL)
    ]::aegis.stock_price_input [], 'krx', 8),
    'quarantined 5', 'future, holiday, weekend and the session before under a new date are quarantined'
);
SELECT is(
    (SELECT price FROM aegis.stock_prices WHERE stock_code = '005930' AND trade_date = '2025-01-02'), 53100.00,
    'a row from the future changes nothing'
);
SELECT bag_eq(
    $$SELECT d.reason FROM aegis.dead_letters AS d JOIN aegis.ingest_batches AS b USING (batch_number) WHERE b.batch_id = pg_temp.id(8)$$,
    $$VALUES ('future_time'), ('future_time'), ('no_trading_day'), ('no_trading_day'), ('before_session')$$,
    'each has its reason'
);
SELECT is(
    (SELECT d.payload::jsonb ->> 'price' FROM aegis.dead_letters AS d JOIN aegis.ingest_batches AS b USING (batch_number)
      WHERE b.batch_id = pg_temp.id(7) AND d.line_number = 1), 'NaN', 'a dead letter keeps what was sent'
);
SELECT is(
    pg_temp.verdicts(ARRAY[ROW('777777', '2025-01-02', 1, 1, '2025-01-02 10:00+09', NULL)]::aegis.stock_price_input [], 'kis_websocket', 9),
    'quarantined 1', 'a code that only a tick feed knows is quarantined'
);
SELECT ok(
    (SELECT r.is_repeat AND r.inserted = 1
       FROM aegis.upsert_stock_prices(ARRAY[ROW('005930', '2025-01-02', 53400, 100, '2025-01-02 10:00+09', NULL)]::aegis.stock_price_input [],
                                      'krx', pg_temp.id(1)) AS r),
    'a batch sent again returns its first result'
);
SELECT throws_ok(
    $$SELECT aegis.upsert_stock_prices(ARRAY[ROW('005930', '2025-01-02', 1, 100, '2025-01-02 10:00+09', NULL)]::aegis.stock_price_input [], 'krx', pg_temp.id(1))$$,
    'AEU04', NULL, 'a batch id used for other content is refused'
);
SELECT throws_ok($$SELECT aegis.upsert_stock_prices('{}', 'nobody', pg_temp.id(10))$$, 'AEU01', NULL, 'an unknown source is refused');
SELECT throws_ok($$SELECT aegis.upsert_stock_prices('{}', 'krx', NULL)$$, 'AEU02', NULL, 'a batch without id is refused');
SELECT throws_ok(
    $$SELECT aegis.upsert_stock_prices(array_fill(ROW('005930', '2025-01-02', 1, 1, NULL, NULL)::aegis.stock_price_input, ARRAY[50001]), 'krx', pg_temp.id(11))$$,
    'AEU03', NULL, 'a batch of 50,001 rows is refused'
);
SELECT is_empty(
    $$SELECT b.batch_id FROM aegis.ingest_batches AS b
       WHERE b.received <> b.inserted + b.updated + b.unchanged + b.stale + b.duplicate + b.quarantined + b.rejected$$,
    'the verdicts sum to the rows received'
);

SELECT * FROM finish();
ROLLBACK;
