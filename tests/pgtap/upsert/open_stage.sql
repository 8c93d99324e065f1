-- Upsert: a stage holds what came since the last batch, whether the transaction ends between batches or not.
BEGIN;
SELECT plan(12);

SELECT aegis.open_stage('stock_prices', p_raw => TRUE) AS stage \gset
CREATE FUNCTION pg_temp.send(p_code text, p_price integer, p_count integer DEFAULT 1)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO pg_temp.stage_stock_prices (line_number, stock_code, trade_date, price, volume, event_at)
    SELECT n, lpad((p_code::integer + n - 1)::text, 6, '0'), '2025-01-02', p_price, 1, '2025-01-02 15:00+09'
      FROM generate_series(1, p_count) AS n
$$;
CREATE FUNCTION pg_temp.apply() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s of %s', r.inserted, r.received) FROM aegis.upsert_staged('stock_prices', 'krx', gen_random_uuid()) AS r
$$;
CREATE FUNCTION pg_temp.apply_texts() RETURNS text LANGUAGE sql AS $$
    SELECT format('%s of %s', r.inserted, r.received)
      FROM aegis.upsert_staged('stock_prices', 'krx', gen_random_uuid(), p_raw => TRUE) AS r
$$;

SELECT pg_temp.send('010000', 10);
SAVEPOINT sent;
SELECT is(pg_temp.apply(), '1 of 1', 'a batch is what came');
ROLLBACK TO sent;
SELECT is(pg_temp.apply(), '1 of 1', 'a batch that was taken back leaves its rows to the next');
SELECT is(pg_temp.apply(), '0 of 0', 'when nothing comes, the next batch is empty');
SAVEPOINT applied;
SELECT pg_temp.send('020000', 10, 2);
ROLLBACK TO applied;
SELECT pg_temp.send('030000', 10, 3);
SELECT is(pg_temp.apply(), '3 of 3', 'rows that were taken back are not of it');
SELECT pg_temp.send('000200', 10, 5000);
SELECT pg_temp.send('005200', 10);
SELECT is(pg_temp.apply(), '5001 of 5001', 'another batch may follow, sent in parts');
SELECT pg_temp.send('005300', 10);
SELECT is(pg_temp.apply(), '1 of 1', 'and another');

SAVEPOINT before;
SELECT pg_temp.send('005400', 10);
SELECT is(pg_temp.apply(), '1 of 1', 'one behind a savepoint too');
ROLLBACK TO before;
SELECT is(pg_temp.apply(), '0 of 0', 'which goes with it');

COPY pg_temp.stage_stock_prices_raw (stock_code, trade_date, price, volume, event_at) FROM STDIN;
040000	2025-01-02	10	1	2025-01-02T15:00:00+0900
\.
SELECT is(pg_temp.apply_texts(), '1 of 1', 'texts have a stage of their own');
COPY pg_temp.stage_stock_prices_raw (stock_code, trade_date, price, volume, event_at) FROM STDIN;
050000	2025-01-02	10	1	2025-01-02T15:00:00+0900
060000	2025-01-02	10	1	2025-01-02T15:00:00+0900
\.
SELECT is(pg_temp.apply_texts(), '2 of 2', 'that is filled again as well');
SELECT is(pg_temp.apply_texts(), '0 of 0', 'or not');

CREATE FUNCTION pg_temp.peep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER peep AFTER UPDATE ON pg_temp.stage_stock_prices EXECUTE FUNCTION pg_temp.peep();
SELECT throws_ok('SELECT pg_temp.apply()', 'AEU06', NULL, 'a stage with a trigger of somebody else is refused');

SELECT * FROM finish();
ROLLBACK;
