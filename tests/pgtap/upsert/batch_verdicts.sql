-- Upsert: every row has a verdict, with its line; a deleted row stays deleted unless the sender says otherwise.
BEGIN;
SELECT plan(15);

CREATE FUNCTION pg_temp.id(p_number integer) RETURNS uuid LANGUAGE sql AS
$$SELECT ('00000000-0000-4000-8000-' || lpad(p_number::text, 12, '0'))::uuid$$;
CREATE FUNCTION pg_temp.lines(p_number integer) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(v.line_number || ' ' || v.verdict, ', ' ORDER BY v.line_number)
    FROM aegis.row_verdicts AS v JOIN aegis.ingest_batches AS b USING (batch_number) WHERE b.batch_id = pg_temp.id(p_number)$$;

SELECT is(
    (SELECT r.inserted FROM aegis.upsert_stock_prices(ARRAY[
        ROW('000010', '2025-01-02', 10, 1, '2025-01-02 10:30+09', NULL),
        ROW('000020', '2025-01-02', 20, 1, '2025-01-02 10:30+09', NULL),
        ROW('000030', '2025-01-02', 30, 1, '2025-01-02 10:30+09', NULL),
        ROW('000040', '2025-01-02', 40, 1, '2025-01-02 10:30+09', NULL)
    ]::aegis.stock_price_input [], 'krx', pg_temp.id(1)) AS r), 4, 'four rows are new'
);
SELECT is(pg_temp.lines(1), NULL, 'what was simply applied needs no record');
UPDATE aegis.stock_prices SET deleted_at = now(), deleted_by = 'me', delete_reason = 'test', data_version = 2 WHERE stock_code = '000020';
SELECT is(
    (SELECT r::text FROM (SELECT (aegis.upsert_stock_prices(ARRAY[
        ROW('000010', '2025-01-02', 11, 1, '2025-01-02 11:00+09', NULL),
        ROW('000020', '2025-01-02', 21, 1, '2025-01-02 11:00+09', NULL),
        ROW('000030', '2025-01-02', 30, 1, '2025-01-02 10:30+09', NULL),
        ROW('000040', '2025-01-02', 41, 1, '2025-01-02 10:10+09', NULL),
        ROW('000050', '2025-01-02', 51, 1, '2025-01-02 10:10+09', NULL),
        ROW('000050', '2025-01-02', 52, 1, '2025-01-02 10:20+09', NULL),
        ROW('000060', '2025-01-02', -1, 1, '2025-01-02 10:20+09', NULL),
        ROW('000070', '2099-01-02', 1, 1, '2025-01-02 10:20+09', NULL)
    ]::aegis.stock_price_input [], 'krx', pg_temp.id(2))).*) AS r (id, number, again, received, ins, upd, unc, stale, dup, qua, rej, kept)
     WHERE (received, ins, upd, unc, stale, dup, qua, rej, kept) = (8, 1, 1, 1, 1, 1, 1, 1, 1)) IS NOT NULL, TRUE,
    'a batch may bring one row of every verdict'
);
SELECT is(
    pg_temp.lines(2), '2 kept_deleted, 3 unchanged, 4 stale, 5 duplicate, 7 rejected, 8 quarantined',
    'each that was not simply applied is on record with its line'
);
SELECT results_eq(
    $$SELECT price, is_active, data_version FROM aegis.stock_prices WHERE stock_code = '000020'$$,
    $$VALUES (21.00, FALSE, 3)$$, 'a deleted row is kept up to date and stays deleted'
);
SELECT results_eq(
    $$SELECT r.updated, r.kept_deleted FROM aegis.upsert_stock_prices(ARRAY[
        ROW('000020', '2025-01-02', 22, 1, '2025-01-02 12:00+09', NULL)
    ]::aegis.stock_price_input [], 'krx', pg_temp.id(3)) AS r$$,
    $$VALUES (0, 1)$$, 'also where every row of the batch is newer'
);
SELECT is(pg_temp.lines(3), '1 kept_deleted', 'with its line');
SELECT results_eq(
    $$SELECT r.updated, r.kept_deleted FROM aegis.upsert_stock_prices(ARRAY[
        ROW('000020', '2025-01-02', 23, 1, '2025-01-02 13:00+09', NULL)
    ]::aegis.stock_price_input [], 'krx', pg_temp.id(4), p_revive => TRUE) AS r$$,
    $$VALUES (1, 0)$$, 'who says revive brings it back'
);
SELECT results_eq(
    $$SELECT price, is_active FROM aegis.stock_prices WHERE stock_code = '000020'$$, $$VALUES (23.00, TRUE)$$,
    'with the new value'
);
SELECT results_eq(
    $$SELECT l.row_count, l.batch_number = b.batch_number FROM aegis.ledger AS l, aegis.ingest_batches AS b
       WHERE l.kind = 'restore' AND l.subject = 'aegis.stock_prices' AND b.batch_id = pg_temp.id(4)$$,
    $$VALUES (1::bigint, TRUE)$$, 'and the ledger says so'
);
SELECT lives_ok(
    $$SELECT aegis.upsert_stock_prices(ARRAY[
        ROW('000010', '2025-01-02', 12, 1, '2025-01-02 14:00+09', NULL),
        ROW('000080', '2025-01-02', 12, 1, '2025-01-02 14:00+09', NULL)
    ]::aegis.stock_price_input [], 'krx', pg_temp.id(5), p_verdicts => 'all')$$, 'the sender may ask for all verdicts'
);
SELECT is(pg_temp.lines(5), '1 updated, 2 inserted', 'and gets them');
SELECT throws_ok(
    $$SELECT aegis.upsert_stock_prices('{}', 'krx', pg_temp.id(6), p_verdicts => 'some')$$, 'AEU07', NULL,
    'there is nothing between exceptions and all'
);
SELECT throws_ok(
    $$INSERT INTO aegis.ingest_batches (batch_id, target, source, content_digest, received, inserted, updated, unchanged, stale,
                                        duplicate, kept_deleted, quarantined, rejected)
      VALUES (gen_random_uuid(), 'stock_prices', 'krx', sha256(''), 2, 1, 0, 0, 0, 0, 0, 0, 0)$$,
    '23514', NULL, 'a batch whose verdicts do not sum cannot be recorded'
);
SELECT results_eq(
    $$SELECT count(*), max(row_count), max(lines::text) FROM aegis.batch_verdicts AS v JOIN aegis.ingest_batches AS b USING (batch_number),
             aegis.upsert_stock_prices(array_fill(ROW('000010', '2025-01-02', 10, 1, '2025-01-02 10:30+09', NULL)::aegis.stock_price_input, ARRAY[0]), 'krx', pg_temp.id(7)) AS r
       WHERE b.batch_id = r.batch_id$$,
    $$VALUES (0::bigint, NULL::integer, NULL::text)$$, 'no rows are no verdicts'
);

SELECT * FROM finish();
ROLLBACK;
