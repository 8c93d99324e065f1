-- Preservation: a row is taken out of use by its key, with a reason, and nothing of it is lost.
BEGIN;
SELECT plan(33);

INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
SELECT c, d::date, 70000, 10, 'manual', 110, 1, '2024-02-29 15:30+09'
  FROM unnest(ARRAY['000660', '005930', '0115H0']) AS c, unnest(ARRAY['1999-01-04', '2024-02-29']) AS d;

GRANT aegis_operator, aegis_app TO CURRENT_USER;
CREATE TEMPORARY VIEW acts AS TABLE aegis.ledger;
GRANT SELECT ON acts TO aegis_operator;
SET LOCAL ROLE aegis_operator;

SELECT results_eq(
    $$SELECT * FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'wrong day')$$,
    $$VALUES (1::bigint, '{"stock_code": "005930", "trade_date": "2024-02-29"}'::jsonb, 'deleted')$$,
    'a row is deleted'
);
SELECT set_eq(
    $$SELECT is_active, deleted_by, delete_reason, price, data_version, updated_count, last_updated FROM aegis.stock_prices
       WHERE stock_code = '005930' AND trade_date = '2024-02-29'$$,
    $$VALUES (FALSE, SESSION_USER::text, 'wrong day', 70000.00, 2, 1, '2024-02-29 15:30+09'::timestamptz)$$,
    'it says by whom and why, and keeps its values and event time in a new version'
);
SELECT ok(deleted_at BETWEEN now() AND clock_timestamp(), 'and when')
  FROM aegis.stock_prices WHERE stock_code = '005930' AND trade_date = '2024-02-29';
SELECT set_eq(
    $$SELECT data_version, is_active, price, batch_number, superseded_by FROM aegis.stock_prices_history$$,
    $$VALUES (1, TRUE, 70000.00, 1::bigint, SESSION_USER::text)$$,
    'its former version is in the history'
);
SELECT set_eq(
    $$SELECT l.subject, l.row_count, l.detail ->> 'reason', l.acted_by, l.batch_number FROM pg_temp.acts AS l WHERE l.kind = 'soft_delete'$$,
    $$SELECT 'aegis.stock_prices' AS a, 1::bigint AS b, 'wrong day' AS c, SESSION_USER::text AS d, p.batch_number FROM aegis.stock_prices AS p
       WHERE p.stock_code = '005930' AND p.trade_date = '2024-02-29'$$,
    'the act is in the ledger, under the number that the row carries'
);

SELECT results_eq(
    $$SELECT key_number, verdict FROM aegis.soft_delete('aegis.stock_prices', '[
        {"stock_code": "0115H0", "trade_date": "2024-02-29"}, {"stock_code": "005930", "trade_date": "2024-02-29"},
        {"stock_code": "000660", "trade_date": "1999-01-04"}, {"stock_code": "0115H0", "trade_date": "2024-02-29"},
        {"stock_code": "000001", "trade_date": "2024-02-29"}, {"trade_date": "19990104", "stock_code": "000660"}]', 'many')$$,
    $$VALUES (1::bigint, 'deleted'), (2, 'already_deleted'), (3, 'deleted'), (4, 'duplicate'), (5, 'not_found'), (6, 'duplicate')$$,
    'each key of an array gets its verdict, in its place'
);
SELECT is((SELECT l.row_count FROM pg_temp.acts AS l WHERE l.kind = 'soft_delete' AND l.detail ->> 'reason' = 'many'), 2::bigint,
          'one act, however many rows, over all partitions');
SELECT is(
    (SELECT array_agg(stock_code || trade_date ORDER BY stock_code, trade_date) FROM aegis.active_stock_prices),
    ARRAY['0006602024-02-29', '0059301999-01-04', '0115H01999-01-04'], 'other rows stay as they are'
);
SELECT is(
    (SELECT delete_reason FROM aegis.stock_prices WHERE stock_code = '005930' AND trade_date = '2024-02-29'), 'wrong day',
    'a row that was deleted before keeps its own reason'
);

SELECT count(*) AS acts FROM pg_temp.acts \gset
SELECT results_eq(
    $$SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'again')$$,
    $$VALUES ('already_deleted')$$, 'a repetition says so'
);
SELECT results_eq(
    $$SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "'' OR true --", "trade_date": "2024-02-29"}', 'x')$$,
    $$VALUES ('not_found')$$, 'a key is a value, whatever it looks like'
);
SELECT is((SELECT count(*) FROM pg_temp.acts), :acts::bigint, 'what changes nothing is no act');
SELECT is((SELECT count(*) FROM aegis.stock_prices_history), 3::bigint, 'nor a version');

SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', ' ')$$,
                 'AEP44', NULL, 'a reason is needed');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', NULL)$$,
                 'AEP44', NULL, 'null is none');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.trading_calendar', '{"venue": "XKRX", "trade_date": "2024-02-29"}', 'x')$$,
                 'AEP38', NULL, 'a table without the columns refuses');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.protected_tables', '{"schema_name": "a", "table_name": "b"}', 'x')$$,
                 'AEP38', NULL, 'so does the registry');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices_history', '{}', 'x')$$, 'AEP37', NULL, 'and a history');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.active_stock_prices', '{}', 'x')$$, 'AEP35', NULL, 'and a view');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices_default', '{}', 'x')$$, 'AEP36', NULL, 'and a partition');
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "soon"}', 'x')$$,
                 '22007', NULL, 'a value that is no date names nothing');
SELECT throws_ok($$UPDATE aegis.stock_prices SET deleted_at = NULL$$, '42501', NULL, 'an operator changes rows by routine only');
RESET ROLE;

SET LOCAL ROLE aegis_app;
SELECT throws_ok($$SELECT aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "1999-01-04"}', 'x')$$,
                 '42501', NULL, 'an application deletes nothing of the market');
RESET ROLE;

-- What stands in pg_temp is not what the routines see.
SET LOCAL ROLE aegis_operator;
CREATE TEMPORARY TABLE stock_prices (LIKE aegis.stock_prices);
CREATE TEMPORARY TABLE protected_tables (schema_name text, table_name text);
CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT timestamptz 'epoch'$$;
CREATE FUNCTION pg_temp.jsonb_array_length(jsonb) RETURNS integer LANGUAGE sql AS $$SELECT 0$$;
SELECT current_setting('search_path') AS path \gset
SET LOCAL search_path = pg_temp, aegis, tap, public;
SELECT results_eq(
    $$SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "1999-01-04"}', 'shadow')$$,
    $$VALUES ('deleted')$$, 'temporary namesakes change nothing'
);
SELECT ok(p.deleted_at > '2026-01-01', 'not even the clock') FROM aegis.stock_prices AS p WHERE p.delete_reason = 'shadow';
SELECT set_config('search_path', :'path', TRUE) \g /dev/null
RESET ROLE;

SET LOCAL ROLE aegis_owner;
SELECT results_eq(
    $$SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "0115H0", "trade_date": "1999-01-04"}', 'owner')$$,
    $$VALUES ('deleted')$$, 'the owner goes the same way'
);
SELECT throws_ok($$UPDATE aegis.stock_prices SET deleted_by = NULL WHERE delete_reason = 'owner'$$, '23514', NULL,
                 'half a deletion is none, not even for the owner');
SELECT throws_ok($$UPDATE aegis.stock_prices SET is_active = TRUE$$, '428C9', NULL, 'is_active follows from the deletion alone');
RESET ROLE;

-- A table of somebody else: nothing of it runs with the rights of aegis_owner.
CREATE ROLE shop_keeper;
GRANT aegis_operator TO shop_keeper;
CREATE SCHEMA shop AUTHORIZATION shop_keeper;
SET LOCAL ROLE shop_keeper;
CREATE TABLE shop.orders (
    order_id integer CONSTRAINT orders_pk PRIMARY KEY, deleted_at timestamptz, deleted_by text, delete_reason text,
    is_active boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED
);
INSERT INTO shop.orders VALUES (1), (2);
CREATE FUNCTION shop.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE shop.loot SET role = CURRENT_USER; RETURN NEW; END $$;
CREATE TABLE shop.loot (role text);
INSERT INTO shop.loot VALUES (NULL);
CREATE TRIGGER steal BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.steal();
SELECT throws_ok($$SELECT aegis.soft_delete('shop.orders', '{"order_id": 1}', 'x')$$, 'AEP38', NULL,
                 'a table whose deletions nobody records refuses');
SELECT throws_ok($$SELECT aegis.change_own_activity('shop.orders', '{"order_id": 1}', 'x', FALSE)$$, 'AEP38', NULL,
                 'and is never changed as aegis_owner');
SELECT lives_ok($$CALL aegis.add_soft_delete('shop.orders')$$, 'the owner has them recorded');
SELECT results_eq($$SELECT verdict FROM aegis.soft_delete('shop.orders', '{"order_id": 1}', 'theirs')$$, $$VALUES ('deleted')$$,
                  'then they can be deleted');
SELECT is((SELECT role FROM shop.loot), 'shop_keeper', 'with the rights of the caller');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
