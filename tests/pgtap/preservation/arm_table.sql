-- Preservation: arming closes exactly the gaps there are, in the whole partition tree.
BEGIN;
SELECT plan(11);

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days
FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024_01 PARTITION OF example.days_p2024 FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');

SELECT is((SELECT count(*) FROM aegis_guard.guard_gaps('example.days')), 15::bigint,
          'three relations lack five guards each');
SELECT is(aegis_guard.arm_table('example.days'), 15, 'arming closes all of them');
SELECT is(aegis_guard.arm_table('example.days'), 0, 'a second time there is nothing to do');
SELECT is_empty('SELECT FROM aegis_guard.guard_gaps(''example.days'')', 'no gap is left');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'example.days_p2024_01'::regclass AND tgenabled = 'A'),
          4::bigint, 'the deepest partition has four guards that fire always');

-- With the event trigger the statement would mend itself.
SET LOCAL client_min_messages = warning;
DROP EVENT TRIGGER IF EXISTS aegis_arm_partitions;
ALTER TABLE example.days_p2024_01 DISABLE TRIGGER aegis_no_truncate;
ALTER TABLE example.days_p2024_01 ENABLE TRIGGER aegis_no_delete_row;
DROP TRIGGER aegis_no_delete ON example.days;
SELECT set_eq('SELECT relation::text, trigger_name FROM aegis_guard.guard_gaps(''example.days'')',
              $$VALUES ('example.days_p2024_01', 'aegis_no_truncate'),
                       ('example.days_p2024_01', 'aegis_no_delete_row'),
                       ('example.days', 'aegis_no_delete')$$,
              'a dropped, a disabled and a weakened guard are gaps');
SELECT is(aegis_guard.arm_table('example.days'), 3, 'arming mends the three');

CREATE FUNCTION example.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE TRIGGER aegis_no_truncate BEFORE TRUNCATE ON example.days_p2024_01
EXECUTE FUNCTION example.nothing();
CREATE OR REPLACE TRIGGER aegis_no_delete_row BEFORE DELETE ON example.days
FOR EACH ROW WHEN (FALSE) EXECUTE FUNCTION aegis_guard.refuse_removal();
SELECT is(aegis_guard.arm_table('example.days'), 4, 'an impostor of the right name is a gap, with its clones');
SELECT throws_ok('TRUNCATE example.days_p2024_01', 'AEP02', NULL, 'and is replaced');

CREATE FOREIGN DATA WRAPPER example_wrapper;
CREATE SERVER example_server FOREIGN DATA WRAPPER example_wrapper;
CREATE FOREIGN TABLE example.days_far PARTITION OF example.days
FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') SERVER example_server;
SELECT throws_ok('SELECT aegis_guard.arm_table(''example.days'')', 'AEP12', NULL, 'a foreign partition is refused');
SELECT throws_ok('CALL aegis.protect_table(''example.days'')', 'AEP12', NULL, 'also when protection is asked for');

SELECT * FROM finish();
ROLLBACK;
