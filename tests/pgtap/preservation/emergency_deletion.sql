-- Preservation: rows go in an emergency only by two persons, exactly those approved, and into the vault.
BEGIN;
SELECT plan(51);

CREATE ROLE "desk one" IN ROLE aegis_operator, aegis_approver;
CREATE ROLE desk_two IN ROLE aegis_approver;
CREATE ROLE desk_three IN ROLE aegis_operator;
GRANT desk_two TO "desk one";
GRANT USAGE ON SCHEMA tap TO PUBLIC;

CREATE SCHEMA example;
CREATE FOREIGN DATA WRAPPER example_wrapper;
CREATE SERVER example_server FOREIGN DATA WRAPPER example_wrapper;
CREATE FOREIGN TABLE example.far (id integer) SERVER example_server;
CREATE VIEW example.seen AS SELECT * FROM aegis.stock_ticks;
CREATE TABLE example.plain (id integer PRIMARY KEY);
CREATE TABLE example."odd.table ""x""" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "no, column" text, at timestamptz, raw bytea, flag boolean,
    address inet, body jsonb, tags text[], amount numeric(15,2), doubled numeric GENERATED ALWAYS AS (amount * 2) STORED
);
INSERT INTO example."odd.table ""x""" ("no, column", at, raw, flag, address, body, tags, amount)
VALUES (E'a"b,(c)\\ \n', '2024-02-29 12:00:00.123456+09', '\xdeadbeef', TRUE, '10.0.0.1', '{"a": [1, null]}', '{"x,y",NULL}', 1.50),
       (NULL, NULL, NULL, NULL, NULL, 'null', '{}', NULL),
       ('', '2024-02-29 12:00+09', '', FALSE, '10.0.0.0/8', '""', NULL, 0);
ALTER SCHEMA example OWNER TO aegis_owner;
GRANT USAGE ON SCHEMA example TO PUBLIC;
ALTER TABLE example."odd.table ""x""" OWNER TO aegis_owner;
CALL aegis.protect_table('example."odd.table ""x"""', 'test');

SELECT aegis.ensure_partitions('aegis.stock_ticks', '2024-01-02', '2024-01-03');
INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number, price, volume, source, batch_number)
SELECT c, d, d + '10:00'::time AT TIME ZONE 'Asia/Seoul', n, 100, 1, 'feed', 1
  FROM unnest('{005930,000660}'::text[]) AS c, unnest('{2024-01-02,2024-01-03}'::date[]) AS d, generate_series(1, 10) AS n;
CREATE TEMP TABLE ticks AS SELECT * FROM aegis.stock_ticks;
GRANT SELECT ON ticks TO PUBLIC;

-- What can be requested.
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.stock_ticks_p2024_01_02', '[]', 1, 'why')$$, 'AEP59', NULL,
                 'a partition is not asked for alone');
SELECT throws_ok($$SELECT aegis.request_deletion('example.seen', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor a view');
SELECT throws_ok($$SELECT aegis.request_deletion('example.far', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor a foreign table');
SELECT throws_ok($$SELECT aegis.request_deletion('example.plain', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor what is not protected');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.ledger', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor evidence');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.protected_tables', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor the registry');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis_guard.tickets', '[]', 1, 'why')$$, 'AEP59', NULL, 'nor tickets');
SELECT throws_ok($$SELECT aegis.request_deletion(NULL, '[]', 1, 'why')$$, 'AEP59', NULL, 'nor nothing');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.stock_ticks', '[]', 1, ' ')$$, 'AEP59', NULL, 'a reason is needed');

-- Predicates: no word of the caller becomes SQL.
CREATE FUNCTION pg_temp.refused(predicate text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT aegis.request_deletion(''aegis.stock_ticks'', %L, 1, ''why'')', predicate), 'AEP60', NULL, description)
$$;
SELECT pg_temp.refused(NULL, 'no predicate');
SELECT pg_temp.refused('[]', 'an empty one would be all rows');
SELECT pg_temp.refused('{}', 'an object is no list');
SELECT pg_temp.refused('["1=1"]', 'nor is text a part');
SELECT pg_temp.refused('[{"column": "1=1 OR stock_code", "operator": "=", "value": "x"}]', 'a column must exist');
SELECT pg_temp.refused('[{"column": "ctid", "operator": "=", "value": "(0,1)"}]', 'system columns are none');
SELECT pg_temp.refused('[{"column": "stock_code", "operator": "= '''' OR 1=1 --", "value": "x"}]', 'an operator is looked up');
SELECT pg_temp.refused('[{"column": "volume", "operator": "=", "value": "1 OR 1=1"}]', 'a value must fit its column');
SELECT pg_temp.refused('[{"column": "volume", "operator": "=", "value": null}]', 'null compares with nothing');
SELECT pg_temp.refused('[{"column": "volume", "operator": "in", "value": []}]', 'an empty list neither');
SELECT pg_temp.refused('[{"column": "volume", "operator": "between", "value": [1]}]', 'between takes two');
SELECT pg_temp.refused('[{"column": "volume", "operator": "=", "value": {"a": 1}}]', 'an object is no value');
SELECT pg_temp.refused('[{"column": "volume", "operator": "=", "value": 1, "or": "1=1"}]', 'a part has three members');
SELECT throws_ok(
    $$SELECT aegis.request_deletion('aegis.stock_transactions', '[{"column": "account_id", "operator": "=", "value": "a"}]', 1, 'x')$$,
    'AEP60', NULL, 'persons are erased, not deleted: their names stay out of requests');
SELECT is(
    aegis_guard._compile_predicate('aegis.stock_ticks', '[{"column": "stock_code", "operator": "=", "value": "'' OR TRUE; --"}]'),
    'r.stock_code = CAST(''''' || ''' OR TRUE; --'' AS text)', 'an injection is a value');
SELECT is(aegis_guard._compile_predicate('aegis.stock_ticks', '[{"column": "trade_date", "operator": ">=", "value": "today"}]'),
          format('r.trade_date >= CAST(%L AS date)', (now() AT TIME ZONE 'UTC')::date::text), 'and today means this day for ever');

-- The number of rows.
SET SESSION AUTHORIZATION "desk one";
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.stock_ticks', '[{"column": "stock_code", "operator": "=", "value": "005930"}]', 19, 'why')$$,
                 'AEP61', NULL, 'other rows than expected');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.stock_ticks', '[{"column": "stock_code", "operator": "=", "value": "nobody"}]', 0, 'why')$$,
                 'AEP61', NULL, 'no rows at all');
SELECT aegis.request_deletion(
    'aegis.stock_ticks',
    '[{"column": "stock_code", "operator": "in", "value": ["005930"]},
      {"column": "trade_date", "operator": "between", "value": ["2024-01-02", "2024-01-02"]}]', 10, 'wrong feed'
) AS ticks \gset

-- The second person.
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'AEP62', NULL, 'nothing goes unapproved');
SELECT throws_ok(format('CALL aegis.approve_deletion(%s)', :ticks), 'AEP58', NULL, 'who asked does not approve');
SET ROLE desk_two;
SELECT throws_ok(format('CALL aegis.approve_deletion(%s)', :ticks), 'AEP58', NULL, 'nor as somebody else by SET ROLE');
RESET ROLE;
SELECT set_config('role', 'desk_two', TRUE), set_config('aegis.approved_by', 'desk_two', TRUE);
SELECT throws_ok(format('CALL aegis.approve_deletion(%s)', :ticks), 'AEP58', NULL, 'nor by any setting');
RESET ROLE;
SET SESSION AUTHORIZATION desk_three;
SELECT throws_ok(format('CALL aegis.approve_deletion(%s)', :ticks), '42501', NULL, 'an operator alone is no approver');
SET SESSION AUTHORIZATION desk_two;
SELECT throws_ok('CALL aegis.approve_deletion(-1)', 'AEP62', NULL, 'an unknown request');
SELECT lives_ok(format('CALL aegis.approve_deletion(%s)', :ticks), 'another person does');
SELECT throws_ok(format('CALL aegis.approve_deletion(%s)', :ticks), 'AEP62', NULL, 'once');
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), '42501', NULL, 'an approver does not execute');
RESET SESSION AUTHORIZATION;

-- Exactly those rows.
SAVEPOINT changed;
INSERT INTO aegis.stock_ticks (stock_code, trade_date, traded_at, sequence_number, price, volume, source, batch_number)
VALUES ('005930', '2024-01-02', '2024-01-02 10:00+09', 11, 100, 1, 'feed', 1);
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'AEP61', NULL, 'one row more than approved');
ROLLBACK TO changed;
UPDATE aegis.stock_ticks SET price = 101 WHERE stock_code = '005930' AND sequence_number = 1;
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'AEP61', NULL, 'as many rows, one of them another');
ROLLBACK TO changed;
CALL aegis.place_hold('court', p_codes => '{005930}');
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'AEP52', NULL, 'a row under hold since');
SELECT throws_ok($$SELECT aegis.request_deletion('aegis.stock_ticks', '[{"column": "stock_code", "operator": "=", "value": "005930"}]', 20, 'why')$$,
                 'AEP52', NULL, 'nor can it be asked for');
ROLLBACK TO changed;

CREATE SCHEMA foreign_code;
CREATE FUNCTION foreign_code.steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
SAVEPOINT foreign_trigger;
CREATE TABLE example.traced (id integer PRIMARY KEY);
INSERT INTO example.traced VALUES (1);
ALTER TABLE example.traced OWNER TO aegis_owner;
CREATE TRIGGER steal BEFORE DELETE ON example.traced FOR EACH ROW EXECUTE FUNCTION foreign_code.steal();
CALL aegis.protect_table('example.traced', 'test');
SELECT throws_ok($$SELECT aegis.request_deletion('example.traced', '[{"column": "id", "operator": "=", "value": 1}]', 1, 'why')$$,
                 'AEP65', NULL, 'where foreign code would run with the rights of the guards, nothing is touched');
ROLLBACK TO foreign_trigger;

SET SESSION AUTHORIZATION desk_three;
SELECT lives_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'then they go');
SELECT throws_ok(format('CALL aegis.emergency_deletion(%s)', :ticks), 'AEP62', NULL, 'once');
RESET SESSION AUTHORIZATION;
SELECT set_eq('SELECT * FROM aegis.stock_ticks',
              $$SELECT * FROM ticks WHERE NOT (stock_code = '005930' AND trade_date = '2024-01-02')$$, 'only they');
SELECT is((SELECT count(*) FROM aegis.deleted_rows), 10::bigint, 'and are in the vault');
SELECT throws_ok('DELETE FROM aegis_guard.deletion_vault', 'AEP01', NULL, 'which nobody empties');
SELECT throws_ok('UPDATE aegis_guard.deletion_vault SET row_data = ''{}''', 'AEP04', NULL, 'or edits');
SELECT set_eq(
    format($$SELECT detail ->> 'event', acted_by FROM aegis.ledger
              WHERE kind = 'emergency_deletion' AND detail ->> 'request_id' = %L$$, :ticks),
    $$VALUES ('requested', 'desk one'), ('approved', 'desk_two'), ('executed', 'desk_three')$$, 'each step is an act of its person');
CALL aegis.restore_from_vault(:ticks, 'they were right');
SELECT set_eq('SELECT * FROM aegis.stock_ticks', 'SELECT * FROM ticks', 'and can be put back as they were');

-- Odd names, odd values: what the vault gives back is what was there, byte by byte.
CREATE TEMP TABLE odd AS SELECT * FROM aegis.rows_digest('example."odd.table ""x"""');
SET SESSION AUTHORIZATION "desk one";
SELECT aegis.request_deletion('example."odd.table ""x"""', '[{"column": "id", "operator": ">", "value": 0}]', 3, 'odd') AS odd \gset
SET SESSION AUTHORIZATION desk_two;
CALL aegis.approve_deletion(:odd);
RESET SESSION AUTHORIZATION;
CALL aegis.emergency_deletion(:odd);
SELECT is_empty('SELECT FROM example."odd.table ""x"""', 'rows of a table with odd names go');
CALL aegis.restore_from_vault(:odd, 'test');
SELECT is((aegis.rows_digest('example."odd.table ""x"""')).digest, (SELECT digest FROM odd), 'and come back exactly');

SELECT * FROM finish();
ROLLBACK;
