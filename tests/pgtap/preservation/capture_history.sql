-- Preservation: an UPDATE keeps every row it supersedes, once.
BEGIN;
SELECT plan(22);

CREATE TABLE aegis.examples (
    id integer NOT NULL, day date NOT NULL, price numeric, "이름 ""x""" text,
    doubled numeric GENERATED ALWAYS AS (price * 2) STORED, secret text,
    CONSTRAINT examples_pk PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE aegis.examples_p2024 PARTITION OF aegis.examples FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE aegis.examples_default PARTITION OF aegis.examples DEFAULT;
CREATE TABLE aegis.examples_history (
    id integer, day date, price numeric, "이름 ""x""" text, doubled numeric,
    superseded_at timestamptz NOT NULL, superseded_by text NOT NULL
);
CREATE TABLE aegis.examples_bare (id integer);
ALTER TABLE aegis.examples OWNER TO aegis_owner;
ALTER TABLE aegis.examples_p2024 OWNER TO aegis_owner;
ALTER TABLE aegis.examples_default OWNER TO aegis_owner;

SELECT throws_ok($$CALL aegis.protect_table('aegis.examples', 'test', 'aegis.examples_history')$$,
                 'AEP08', NULL, 'history is kept for aegis_owner only');
ALTER TABLE aegis.examples_history OWNER TO aegis_owner;
ALTER TABLE aegis.examples_bare OWNER TO aegis_owner;
SELECT throws_ok($$CALL aegis.protect_table('aegis.examples', 'test', 'aegis.examples_bare')$$,
                 'AEP08', NULL, 'a history table says when and by whom');
SELECT lives_ok($$CALL aegis.protect_table('aegis.examples', 'test', 'aegis.examples_history')$$,
                'a table and its history are protected');
ALTER TABLE aegis.examples_bare ADD superseded_at timestamptz, ADD superseded_by text;
SELECT throws_ok($$CALL aegis.protect_table('aegis.examples', 'test', 'aegis.examples_bare')$$,
                 'AEP08', NULL, 'history cannot be led elsewhere afterwards');

INSERT INTO aegis.examples (id, day, price, "이름 ""x""", secret)
VALUES (1, '2024-01-01', 10, '하나', 's'), (2, '2030-01-01', 20, '둘', 's');
SELECT is_empty('SELECT FROM aegis.examples_history', 'an INSERT supersedes nothing');

UPDATE aegis.examples SET price = price + 1;
SELECT set_eq('SELECT id, price, "이름 ""x""", doubled, superseded_by FROM aegis.examples_history ORDER BY id',
                  $$VALUES (1, 10.0, '하나', 20.0, SESSION_USER::text), (2, 20.0, '둘', 40.0, SESSION_USER::text)$$,
                  'an UPDATE over partitions keeps each former row, with its shared columns');
SELECT is((SELECT count(DISTINCT superseded_at) FROM aegis.examples_history), 1::bigint,
          'all rows of a statement were superseded at one moment');

UPDATE aegis.examples_p2024 SET price = 12;
SELECT is((SELECT array_agg(price ORDER BY price) FROM aegis.examples_history WHERE id = 1), ARRAY[10, 11]::numeric[],
          'an UPDATE of a partition by name is kept too, once');

INSERT INTO aegis.examples (id, day, price) VALUES (1, '2024-01-01', 13), (3, '2024-01-01', 1)
ON CONFLICT (id, day) DO UPDATE SET price = excluded.price;
SELECT is((SELECT count(*) FROM aegis.examples_history), 4::bigint, 'an upsert keeps what it overwrites');

MERGE INTO aegis.examples AS e USING (VALUES (3, 5)) AS v (id, price) ON v.id = e.id
WHEN MATCHED THEN UPDATE SET price = v.price;
SELECT is((SELECT count(*) FROM aegis.examples_history), 5::bigint, 'so does MERGE');

SET LOCAL ROLE aegis_owner;
ALTER TABLE aegis.examples ADD COLUMN note varchar(20) COLLATE "C";
RESET ROLE;
SELECT col_type_is('aegis', 'examples_history', 'note', 'character varying(20)', 'a column that comes later comes to the history too');
SELECT hasnt_column('aegis', 'examples_history', 'secret', 'what was left out at first stays out');
UPDATE aegis.examples SET note = 'first' WHERE id = 2;
UPDATE aegis.examples SET note = 'second' WHERE id = 2;
SELECT is((SELECT note FROM aegis.examples_history WHERE id = 2 ORDER BY superseded_at DESC LIMIT 1), 'first',
          'and its superseded values are kept');

SET LOCAL session_replication_role = replica;
SELECT throws_ok('UPDATE aegis.examples SET price = 0 WHERE id = 2', 'AEP25', NULL, 'an UPDATE in replica mode is refused');
RESET session_replication_role;

CREATE TABLE aegis.forgeries (id integer, day date);
CREATE TRIGGER aegis_history AFTER UPDATE ON aegis.forgeries REFERENCING OLD TABLE AS old_rows
EXECUTE FUNCTION aegis_guard.capture_history();
INSERT INTO aegis.forgeries VALUES (1, '2024-01-01');
SELECT throws_ok('UPDATE aegis.forgeries SET id = 2', 'AEP07', NULL, 'a trigger on a table of no registry forges nothing');

-- Who made both tables can empty neither.
SET LOCAL ROLE aegis_owner;
SELECT throws_ok('TRUNCATE aegis.examples_history', 'AEP02', NULL, 'the owner cannot empty the history');
SELECT throws_ok('DELETE FROM aegis.examples_history', 'AEP01', NULL, 'nor delete from it');
SELECT throws_ok('UPDATE aegis.examples_history SET price = 0', 'AEP04', NULL, 'nor write it anew');
SELECT throws_ok('DROP TABLE aegis.examples_history', 'AEP18', NULL, 'nor drop it');
RESET ROLE;
SELECT results_eq($$SELECT is_protected, is_append_only, reason FROM aegis.protection_status
                     WHERE relation = 'aegis.examples_history'$$,
                  $$VALUES (TRUE, TRUE, 'superseded values of examples')$$, 'it is protected along with its table');
UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'aegis.examples_history'::regclass AND tgname = 'aegis_no_truncate';
CALL aegis.protect_table('aegis.examples');
SELECT throws_ok('TRUNCATE aegis.examples_history', 'AEP02', NULL, 'and mended along with it');

ALTER EVENT TRIGGER aegis_check_drop DISABLE;
DROP TABLE aegis.examples_history;
SELECT throws_ok('UPDATE aegis.examples SET price = 1', 'AEP07', NULL, 'without its history a table is not updated');

SELECT * FROM finish();
ROLLBACK;
