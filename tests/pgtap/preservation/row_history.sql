-- Preservation: every version of a row can be read again, with what is known about it.
BEGIN;
SELECT plan(14);

CREATE TEMPORARY TABLE moments (step text, at timestamptz);
INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, last_updated)
VALUES ('005930', '2024-02-29', 100, 1, 'krx', 100, 7, '2024-02-29 15:00+09'), ('000660', '2024-02-29', 9, 1, 'krx', 100, 7, '2024-02-29 15:00+09');
UPDATE aegis.stock_prices SET price = 101, data_version = data_version + 1, batch_number = 8, source = 'manual' WHERE stock_code = '005930';
SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'wrong') \g /dev/null
SELECT verdict FROM aegis.restore_deleted('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'right') \g /dev/null

GRANT aegis_reader TO CURRENT_USER;
CREATE TEMPORARY VIEW acts AS TABLE aegis.ledger;
GRANT SELECT ON acts TO aegis_reader;
SET LOCAL ROLE aegis_reader;
CREATE TEMPORARY TABLE versions AS
SELECT row_number() OVER () AS place, h.*
  FROM aegis.row_history('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}') AS h;

SELECT results_eq('SELECT data_version, is_current FROM versions ORDER BY place',
                  'VALUES (4, TRUE), (3, FALSE), (2, FALSE), (1, FALSE)', 'a reader sees every version, newest first');
SELECT set_eq($$SELECT data_version, row_data ->> 'price' AS p, row_data ->> 'is_active' AS a, source FROM versions$$,
              $$VALUES (1, '100.00', 'true', 'krx'), (2, '101.00', 'true', 'manual'), (3, '101.00', 'false', 'manual'),
                       (4, '101.00', 'true', 'manual')$$, 'with its values and source');
SELECT set_eq('SELECT batch_number FROM versions WHERE data_version < 3', 'VALUES (7::bigint), (8)', 'and the batch that brought it');
SELECT is_empty('SELECT v.batch_number FROM versions AS v LEFT JOIN pg_temp.acts AS l USING (batch_number)
                  WHERE v.data_version > 2 AND l.ledger_id IS NULL', 'or the act that changed it');
SELECT results_eq('SELECT valid_to FROM versions WHERE place > 1 ORDER BY place', 'SELECT valid_from FROM versions WHERE place < 4 ORDER BY place',
                  'a version ends when the next begins');
SELECT is((SELECT valid_from FROM versions WHERE data_version = 1),
          (SELECT created_at FROM aegis.stock_prices WHERE stock_code = '005930'), 'the first begins with the row');
SELECT is((SELECT count(*) FROM versions WHERE valid_to IS NULL), 1::bigint, 'the current one has no end');
SELECT set_eq('SELECT data_version, written_by FROM versions', $$SELECT v, CASE WHEN v > 1 THEN SESSION_USER::text END FROM generate_series(1, 4) AS v$$,
              'who wrote it is known but for the first');
SELECT ok((SELECT row_data ? 'updated_count' FROM versions WHERE is_current)
          AND NOT (SELECT bool_or(row_data ?| ARRAY['superseded_at', 'superseded_by']) FROM versions), 'a version is the row, no more');

SELECT is_empty($$SELECT * FROM aegis.row_history('aegis.stock_prices', '{"stock_code": "nobody", "trade_date": "2024-02-29"}')$$,
                'a row that never was has no history');
SELECT throws_ok($$SELECT * FROM aegis.row_history('aegis.stock_prices', '[{"stock_code": "1", "trade_date": "2024-02-29"},
                                                                           {"stock_code": "2", "trade_date": "2024-02-29"}]')$$,
                 'AEP43', NULL, 'one row at a time');
SELECT throws_ok($$SELECT * FROM aegis.row_history('aegis.stock_prices', '{"stock_code": "1"}')$$, 'AEP41', NULL, 'by its whole key');
SELECT throws_ok($$SELECT * FROM aegis.row_history('aegis.error_codes', '{"sqlstate": "AEP46"}')$$, 'AEP46', NULL,
                 'a table without history says so');
RESET ROLE;

-- A table without versions, days or moments of creation.
UPDATE aegis.data_sources SET description = 'x' WHERE source = 'krx';
SELECT results_eq(
    $$SELECT h.is_current, h.row_data ->> 'description' = 'x', h.valid_from IS NULL FROM aegis.row_history('aegis.data_sources', '{"source": "krx"}') AS h$$,
    $$VALUES (TRUE, TRUE, FALSE), (FALSE, FALSE, TRUE)$$,
    'what nobody took down is null'
);

SELECT * FROM finish();
ROLLBACK;
