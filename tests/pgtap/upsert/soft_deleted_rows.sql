-- Upsert and preservation: a soft-deleted row stays deleted when newer values arrive, and nothing of it is lost.
BEGIN;
SELECT plan(8);

CREATE FUNCTION pg_temp.send(p_price numeric, p_second integer, p_revive boolean DEFAULT FALSE) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', r.inserted, r.updated, r.stale, r.unchanged, r.kept_deleted)
      FROM aegis.upsert_stock_prices(
               ARRAY[ROW('005930', '2024-02-29', p_price, 1, '2024-02-29 15:00+09'::timestamptz + make_interval(secs => p_second), 0)
               ]::aegis.stock_price_input[], 'manual', gen_random_uuid(), p_revive => p_revive) AS r
$$;
INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
VALUES ('005930', 'manual', 110, 1, 'epoch');

SELECT is(pg_temp.send(100, 1), '1 0 0 0 0', 'a price is new');
SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'wrong') \g /dev/null
SELECT is(pg_temp.send(101, 2), '0 0 0 0 1', 'a newer one onto the deleted row is taken and said to be so');
SELECT results_eq('SELECT price, is_active, data_version, (delete_reason = ''wrong'') FROM aegis.stock_prices', 'VALUES (101.00, FALSE, 3, TRUE)',
                  'the value is up to date, the row is deleted as before');
SELECT is(pg_temp.send(99, 0), '0 0 1 0 0', 'an older one changes nothing');
SELECT is_empty('SELECT FROM aegis.active_stock_prices', 'it is not among the active rows');
SELECT is(pg_temp.send(102, 3, TRUE), '0 1 0 0 0', 'who says revive brings the row back');
SELECT results_eq('SELECT price, data_version FROM aegis.active_stock_prices', 'VALUES (102.00, 4)', 'among the active rows');
SELECT results_eq(
    $$SELECT h.data_version, (h.row_data ->> 'price')::numeric, (h.row_data ->> 'is_active')::boolean
        FROM aegis.row_history('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}') AS h$$,
    'VALUES (4, 102.00, TRUE), (3, 101.00, FALSE), (2, 100.00, FALSE), (1, 100.00, TRUE)',
    'and its history tells all of it'
);

SELECT * FROM finish();
ROLLBACK;
