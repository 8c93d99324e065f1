-- Preservation: each table with soft delete has a view of the rows in use; a deleted row leaves it and comes back.
BEGIN;
SELECT plan(9);

CREATE TEMPORARY TABLE samples (name text PRIMARY KEY, key jsonb NOT NULL);
GRANT SELECT ON samples TO aegis_operator;
INSERT INTO samples VALUES
('stocks', '{"stock_code": "005930"}'),
('corporate_actions', '{"stock_code": "005930", "effective_on": "2018-05-04", "action_kind": "split"}'),
('market_events', '{"stock_code": "005930", "event_kind": "halt", "starts_on": "2018-04-30"}'),
('stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}'),
('daily_market_data', '{"stock_code": "005930", "trade_date": "2024-02-29", "price_basis": "raw"}'),
('stock_ticks', '{"stock_code": "005930", "trade_date": "2024-02-29", "venue": "XKRX", "traded_at": "2024-02-29 10:00+09", "sequence_number": 0}'),
('stock_transactions', '{"stock_code": "005930", "trade_date": "2024-02-29", "transaction_id": "t"}'),
('option_trades', '{"stock_code": "005930", "trade_date": "2024-02-29", "trade_id": "t"}');

-- Two rows in each, one of which stays.
DO $rows$
DECLARE
    v_code text;
BEGIN
    FOREACH v_code IN ARRAY ARRAY['005930', '000660'] LOOP
        INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
        VALUES (v_code, 'manual', 110, 1, now());
        INSERT INTO aegis.corporate_actions (stock_code, effective_on, action_kind, source, source_rank, batch_number, last_updated)
        VALUES (v_code, '2018-05-04', 'split', 'manual', 110, 1, now());
        INSERT INTO aegis.market_events (stock_code, event_kind, starts_on, source, source_rank, batch_number, last_updated)
        VALUES (v_code, 'halt', '2018-04-30', 'manual', 110, 1, now());
        INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
        VALUES (v_code, '2024-02-29', 1, 1, 'manual', 110, 1, now());
        INSERT INTO aegis.daily_market_data (stock_code, trade_date, price_basis, open_price, high_price, low_price, close_price,
            volume, source, source_rank, batch_number, last_updated)
        VALUES (v_code, '2024-02-29', 'raw', 1, 1, 1, 1, 1, 'manual', 110, 1, now());
        INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, price, volume, source, batch_number)
        VALUES (v_code, '2024-02-29', '2024-02-29 10:00+09', 1, 1, 'manual', 1);
        INSERT INTO aegis.stock_transactions (stock_code, trade_date, transaction_id, account_id, side, quantity, price,
            executed_at, source, source_rank, batch_number, last_updated)
        VALUES (v_code, '2024-02-29', 't', 'a', 'buy', 1, 1, '2024-02-29 10:00+09', 'broker', 100, 1, now());
        INSERT INTO aegis.option_trades (stock_code, trade_date, trade_id, option_code, option_type, strike_price, expires_on,
            account_id, side, quantity, price, executed_at, source, source_rank, batch_number, last_updated)
        VALUES (v_code, '2024-02-29', 't', 'c', 'call', 1, '2024-03-14', 'a', 'buy', 1, 1, '2024-02-29 10:00+09', 'broker', 100,
            1, now());
    END LOOP;
END
$rows$;

CREATE FUNCTION pg_temp.seen() RETURNS TABLE (name text, rows bigint, samples bigint) LANGUAGE plpgsql AS $seen$
BEGIN
    FOR name IN SELECT s.name FROM samples AS s LOOP
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE v.stock_code = ''005930'') FROM aegis.%I AS v', 'active_' || name)
           INTO rows, samples;
        RETURN NEXT;
    END LOOP;
END
$seen$;

SELECT set_eq(
    $$SELECT a.attrelid::regclass::text
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       WHERE a.attname = 'delete_reason'
         AND c.relnamespace = 'aegis'::regnamespace
         AND c.relname !~ '_history$'$$,
    $$SELECT 'aegis.' || s.name FROM samples AS s WHERE to_regclass('aegis.active_' || s.name) IS NOT NULL$$,
    'every table with soft delete has its view of active rows'
);
SELECT is_empty(
    $$SELECT s.name, a.attname
        FROM samples AS s
        JOIN pg_attribute AS a ON a.attrelid = ('aegis.' || s.name)::regclass AND a.attnum > 0
       WHERE a.attname NOT IN ('deleted_at', 'deleted_by', 'delete_reason', 'is_active')
         AND NOT EXISTS (SELECT FROM pg_attribute AS v WHERE v.attrelid = ('aegis.active_' || s.name)::regclass
                            AND v.attname = a.attname AND v.atttypid = a.atttypid)$$,
    'with all columns but those that tell of the deletion'
);
SELECT set_eq('SELECT DISTINCT rows, samples FROM pg_temp.seen()', 'VALUES (2::bigint, 1::bigint)',
              'active rows are seen');

GRANT aegis_operator TO CURRENT_USER;
SET LOCAL ROLE aegis_operator;
SELECT set_eq(
    $$SELECT s.name, d.verdict FROM samples AS s
       CROSS JOIN LATERAL aegis.soft_delete(('aegis.' || s.name)::regclass, s.key, 'test') AS d$$,
    $$SELECT s.name, 'deleted' FROM samples AS s$$,
    'an operator deletes a row of each'
);
RESET ROLE;
SELECT set_eq('SELECT DISTINCT rows, samples FROM pg_temp.seen()', 'VALUES (1::bigint, 0::bigint)',
              'a deleted row is not seen, the others are');
SELECT is((SELECT count(*) FROM aegis.stock_prices_daily WHERE stock_code = '005930'), 0::bigint,
          'nor is it in the daily bars for reports');

SELECT set_eq(
    $$SELECT s.name, d.verdict FROM samples AS s
       CROSS JOIN LATERAL aegis.restore_deleted(('aegis.' || s.name)::regclass, s.key, 'test') AS d$$,
    $$SELECT s.name, 'restored' FROM samples AS s$$,
    'each is restored'
);
SELECT set_eq('SELECT DISTINCT rows, samples FROM pg_temp.seen()', 'VALUES (2::bigint, 1::bigint)',
              'and seen again');

SET LOCAL ROLE aegis_reader;
SELECT is((SELECT count(*) FROM aegis.active_stock_transactions), 2::bigint, 'a reader may look');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
