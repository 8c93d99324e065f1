-- Upsert: a time that has no partition yet is backfilled as whole partitions, under the same rules, guards and seals.
BEGIN;
SELECT plan(12);

CREATE FUNCTION pg_temp.staged(p_from date, p_until date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
BEGIN
    PERFORM aegis.open_stage('daily_market_data');
    INSERT INTO pg_temp.stage_daily_market_data
        (line_number, stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, event_at)
    SELECT row_number() OVER (ORDER BY t.trade_date, k.k), lpad(k.k::text, 6, '0'), t.trade_date, 'raw', 1000, 1010, 990,
           CASE WHEN k.k = 7 THEN 2000 ELSE 1000 + k.k % 10 END, k.k, (t.trade_date + TIME '15:30') AT TIME ZONE 'Asia/Seoul'
      FROM aegis.trading_calendar AS t CROSS JOIN generate_series(1, 20) AS k (k)
     WHERE t.is_open AND t.trade_date BETWEEN p_from AND p_until;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END $$;

SELECT pg_temp.staged('2010-01-01', '2010-02-28');
INSERT INTO pg_temp.stage_daily_market_data
    (line_number, stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price, volume, event_at)
VALUES (9001, '000001', '2010-02-01', 'raw', 1000, 1010, 990, 1009, 5, '2010-02-01 16:00+09'), -- later value of a key in the batch
       (9002, '000001', '2010-02-14', 'raw', 1000, 1010, 990, 1009, 5, '2010-02-14 16:00+09'), -- a Sunday
       (9003, '000001', '2010-02-03', 'raw', 'NaN', 1010, 990, 1009, 5, '2010-02-03 16:00+09');
CREATE TEMP TABLE outcome AS
SELECT * FROM aegis.backfill_staged('daily_market_data', 'krx', '00000000-0000-4000-8000-00000000bf01');
SELECT is(
    (SELECT r.inserted + r.duplicate + r.quarantined + r.rejected FROM outcome AS r), (SELECT r.received FROM outcome AS r),
    'every row has a verdict'
);
SELECT is((SELECT ROW(r.duplicate, r.updated, r.stale, r.unchanged) FROM outcome AS r), ROW(1, 0, 0, 0), 'a key is written once');
SELECT is(
    (SELECT d.close_price FROM aegis.daily_market_data AS d WHERE d.stock_code = '000001' AND d.trade_date = '2010-02-01'), 1009::numeric,
    'the last value of a key wins'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM aegis.dead_letters$$, $$SELECT r.quarantined + r.rejected FROM outcome AS r$$,
    'what was put aside is a dead letter'
);
SELECT results_eq(
    $$SELECT b.partition::text, b.lower_bound FROM aegis.partition_bounds('aegis.daily_market_data') AS b
       WHERE b.lower_bound BETWEEN '2010-01-01' AND '2010-12-31' ORDER BY b.lower_bound$$,
    $$VALUES ('aegis.daily_market_data_p2010_01', DATE '2010-01-01'), ('aegis.daily_market_data_p2010_02', '2010-02-01')$$,
    'each month is a partition'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM pg_index AS i WHERE i.indrelid = 'aegis.daily_market_data_p2010_01'::regclass AND i.indisvalid$$,
    $$SELECT count(*)::integer FROM pg_index AS i WHERE i.indrelid = 'aegis.daily_market_data'::regclass$$, 'with the indexes of the table, and no more'
);
SELECT throws_ok($$DELETE FROM aegis.daily_market_data_p2010_01$$, 'AEP01', NULL, 'it is guarded');
SELECT is_empty($$SELECT * FROM aegis.posture() AS p WHERE p.severity <> 'notice' AND p.object LIKE '%2010%'$$, 'nothing of it lacks protection');
CALL aegis.seal_ledger();
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.daily_market_data', '2010-01-01', '2010-02-28')$$, 'each row is sealed');

SELECT pg_temp.staged('2010-02-20', '2010-03-10');
SELECT throws_ok(
    $$SELECT aegis.backfill_staged('daily_market_data', 'krx', gen_random_uuid())$$, 'AEU13', NULL, 'rows of a partition that exists are refused'
);
TRUNCATE pg_temp.stage_daily_market_data;
SELECT aegis.open_stage('stocks');
SELECT throws_ok(
    $$SELECT aegis.backfill_staged('stocks', 'krx', gen_random_uuid())$$, 'AEU13', NULL, 'a table without partitions is refused'
);
CALL aegis.change_configuration('aegis.backfill_rows_maximum', '10', 'test');
SELECT pg_temp.staged('2010-03-02', '2010-03-10');
SELECT throws_ok(
    $$SELECT aegis.backfill_staged('daily_market_data', 'krx', gen_random_uuid())$$, 'AEU03', NULL, 'a backfill has its own largest size'
);

SELECT * FROM finish();
ROLLBACK;
