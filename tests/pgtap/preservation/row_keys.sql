-- Preservation: a key from outside is the whole primary key, or it is refused; it is never SQL.
BEGIN;
SELECT plan(26);

CREATE SCHEMA shop;
CREATE TABLE shop."주문 ""x"". y" ("번호 ""n""" integer, "day" date, price numeric, CONSTRAINT orders_pk PRIMARY KEY ("day", "번호 ""n"""));
CREATE TABLE shop.keyless (i integer);
CREATE TABLE shop.included (i integer, j integer, k integer, CONSTRAINT included_pk PRIMARY KEY (j) INCLUDE (k));
CREATE VIEW shop.seen AS TABLE shop.keyless;
CREATE MATERIALIZED VIEW shop.kept AS TABLE shop.keyless;
CREATE SEQUENCE shop.numbers;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER afar FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE shop.afar (i integer) SERVER afar;

SELECT is((SELECT key_columns FROM aegis.row_key('aegis.daily_market_data')), ARRAY['stock_code', 'trade_date', 'price_basis'],
          'the key of a table, in its order');
SELECT is((SELECT key_columns FROM aegis.row_key('shop."주문 ""x"". y"')), ARRAY['day', '번호 "n"'], 'with names of any kind');
SELECT is((SELECT key_columns FROM aegis.row_key('shop.included')), ARRAY['j'], 'without columns that are only included');
SELECT is((SELECT key_definition FROM aegis.row_key('aegis.stocks')), 'stock_code text COLLATE pg_catalog."C"',
          'with its types and collations');

SELECT throws_ok($$SELECT aegis.row_key(NULL)$$, 'AEP35', NULL, 'null is no table');
SELECT throws_ok($$SELECT aegis.row_key('shop.seen')$$, 'AEP35', NULL, 'a view has no rows of its own');
SELECT throws_ok($$SELECT aegis.row_key('shop.kept')$$, 'AEP35', NULL, 'nor has a materialized view');
SELECT throws_ok($$SELECT aegis.row_key('shop.afar')$$, 'AEP35', NULL, 'nor a foreign table');
SELECT throws_ok($$SELECT aegis.row_key('shop.numbers')$$, 'AEP35', NULL, 'nor a sequence');
SELECT throws_ok($$SELECT aegis.row_key('aegis.stocks_pk')$$, 'AEP35', NULL, 'nor an index');
SELECT throws_ok($$SELECT aegis.row_key('aegis.stock_prices_default')$$, 'AEP36', NULL, 'a partition is named through its table');
SELECT throws_ok($$SELECT aegis.row_key('shop.keyless')$$, 'AEP37', NULL, 'a row without key cannot be named');

SELECT is(aegis.row_keys('aegis.stocks', '{"stock_code": "005930"}'), '[{"stock_code": "005930"}]', 'one key is an array of one');
SELECT is(aegis.row_keys('aegis.stocks', '[{"stock_code": "1"}, {"stock_code": "1"}]'), '[{"stock_code": "1"}, {"stock_code": "1"}]',
          'an array stays as it is');

SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', NULL)$$, 'AEP39', NULL, 'null is no key');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', '"stock_code = ''1'' OR true"')$$, 'AEP39', NULL, 'a predicate is no key');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', '[{"stock_code": "1"}, "true"]')$$, 'AEP39', NULL, 'nor is it one among others');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', '{"stock_code": "1", "1 = 1 OR stock_code": "2"}')$$, 'AEP40', NULL,
                 'an expression is an unknown column');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', '{"stock_code": "1", "stock_name": "삼성전자"}')$$, 'AEP40', NULL,
                 'a column outside of the key is unknown too');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stock_prices', '{"stock_code": "005930"}')$$, 'AEP41', NULL,
                 'half a key would name many rows');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stock_prices', '{}')$$, 'AEP41', NULL, 'and no key all of them');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stock_prices', '{"stock_code": "005930", "trade_date": null}')$$, 'AEP42', NULL,
                 'null names no row');
SELECT throws_ok($$SELECT aegis.row_keys('aegis.stocks', '[]')$$, 'AEP43', NULL, 'some key there must be');
SELECT throws_ok(
    $$SELECT aegis.row_keys('aegis.stocks', (SELECT jsonb_agg('{"stock_code": "1"}'::jsonb) FROM generate_series(1, 50001)))$$,
    'AEP43', NULL, 'but not too many'
);

SELECT is(aegis.row_key_range('aegis.stocks', '[{"stock_code": "1"}]'), '', 'a table without partitions has no range');
SELECT is(
    aegis.row_key_range('aegis.stock_prices', '[{"stock_code": "1", "trade_date": "2026-02-03"}, {"stock_code": "1", "trade_date": "2026-01-02"}]'),
    $$ AND t.trade_date BETWEEN '2026-01-02' AND '2026-02-03'$$,
    'the range of the keys is that of the partitions'
);

SELECT * FROM finish();
ROLLBACK;
