-- Upsert: higher pillars have a say in every batch, in its own transaction.
BEGIN;
SELECT plan(6);

CREATE TABLE aegis.seen_batches (stage text, target text, source text, batch_number bigint, lines bigint []);
CREATE FUNCTION aegis.test_before(p_target text, p_source text) RETURNS text LANGUAGE sql AS
$$SELECT CASE p_source WHEN 'naver' THEN 'breaker_open' END$$;
CREATE FUNCTION aegis.test_rows(p_target text, p_source text, p_batch_number bigint, p_work regclass)
RETURNS TABLE (line_number bigint, reason text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT w.line_number, ''odd_volume'' FROM %s AS w WHERE w.reason IS NULL AND w.volume = 13', p_work);
END
$$;
CREATE FUNCTION aegis.test_after(p_target text, p_source text, p_batch_number bigint, p_work regclass)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO aegis.seen_batches
                    SELECT ''after'', $1, $2, $3, array_agg(w.line_number ORDER BY w.line_number)
                      FROM %s AS w JOIN aegis.stock_prices AS t USING (stock_code, trade_date)
                     WHERE w.reason IS NULL AND t.batch_number = $3', p_work)
      USING p_target, p_source, p_batch_number;
END
$$;
GRANT ALL ON aegis.seen_batches TO aegis_owner;
GRANT EXECUTE ON FUNCTION aegis.test_before, aegis.test_rows, aegis.test_after TO aegis_owner;
INSERT INTO aegis.ingest_checks (target, stage, priority, routine) VALUES
('stock_prices', 'before', 1, 'test_before'), ('stock_prices', 'rows', 1, 'test_rows'), ('stock_prices', 'after', 1, 'test_after');

SELECT results_eq(
    $$SELECT r.received, r.inserted, r.quarantined
        FROM aegis.upsert_stock_prices(ARRAY[
                 ROW('005930', '2025-01-02', 53400, 13, '2025-01-02 10:00+09', NULL),
                 ROW('000660', '2025-01-02', 53400, 14, '2025-01-02 10:00+09', NULL)
             ]::aegis.stock_price_input [], 'krx', '00000000-0000-4000-8000-000000000001') AS r$$,
    $$VALUES (2, 1, 1)$$, 'a check of rows quarantines the rows it names'
);
SELECT results_eq(
    $$SELECT d.line_number, d.verdict, d.reason COLLATE "default" FROM aegis.dead_letters AS d$$,
    $$VALUES (1::bigint, 'quarantined', 'odd_volume')$$, 'with the reason that it gives'
);
SELECT results_eq(
    $$SELECT s.lines FROM aegis.seen_batches AS s JOIN aegis.ingest_batches AS b USING (batch_number)$$,
    $$VALUES ('{2}'::bigint [])$$, 'a check afterwards sees what was accepted and written'
);
SELECT results_eq(
    $$SELECT r.received, r.inserted, r.quarantined
        FROM aegis.upsert_stock_prices(ARRAY[
                 ROW('005930', '2025-01-02', 53400, 14, '2025-01-02 10:00+09', NULL),
                 ROW('000660', '2025-01-03', NULL, 14, '2025-01-02 10:00+09', NULL)
             ]::aegis.stock_price_input [], 'naver', '00000000-0000-4000-8000-000000000002') AS r$$,
    $$VALUES (2, 0, 1)$$, 'a check before quarantines all that is sound'
);
SELECT set_eq(
    $$SELECT d.reason COLLATE "default" FROM aegis.dead_letters AS d JOIN aegis.ingest_batches AS b USING (batch_number) WHERE b.source = 'naver'$$,
    $$VALUES ('breaker_open'), ('null_price')$$, 'and leaves the others their own reason'
);
SELECT throws_ok(
    $$INSERT INTO aegis.ingest_checks (target, stage, priority, routine) VALUES ('stock_prices', 'rows', 2, 'f(); DROP TABLE x')$$,
    '23514', NULL, 'a check is a plain name'
);

SELECT * FROM finish();
ROLLBACK;
