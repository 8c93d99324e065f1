-- Preservation: the posture tells what no guard could prevent.
BEGIN;
SELECT plan(12);

CREATE TEMP VIEW faults AS SELECT p.severity, p.layer, p.object, p.fault FROM aegis.posture() AS p;
SELECT is_empty($$SELECT * FROM faults WHERE severity = 'critical' AND layer <> 'roles'$$, 'a fresh database has no critical defect');

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CALL aegis.protect_table('example.days', 'test');
SELECT isnt_empty($$SELECT FROM faults WHERE layer = 'partitions' AND object = 'example.days' AND fault LIKE '%default%'$$,
                  'a table without default partition is told');

SAVEPOINT good;
SET LOCAL client_min_messages = warning;
UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'example.days'::regclass AND tgname = 'aegis_no_truncate';
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND layer = 'guards' AND object = 'example.days'$$,
                  'a guard that sleeps');
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND layer = 'baseline' AND object = 'example.days'$$,
                  'and the difference to the baseline');
ROLLBACK TO good;
UPDATE pg_proc SET prosrc = 'BEGIN RETURN NULL; END' WHERE oid = 'aegis_guard.refuse_removal'::regproc;
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND object = 'routine aegis_guard.refuse_removal()'$$,
                  'a guard whose body was edited');
ROLLBACK TO good;
ALTER EVENT TRIGGER aegis_check_drop DISABLE;
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND layer = 'event triggers' AND object = 'aegis_check_drop'$$,
                  'an event trigger that sleeps');
DROP EVENT TRIGGER aegis_check_drop;
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND object = 'aegis_check_drop' AND fault = 'missing'$$,
                  'or is gone');
DROP TABLE example.days;
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND object = 'example.days'$$, 'and the table with it');
ROLLBACK TO good;
CREATE ROLE example_intruder;
GRANT aegis_guard TO example_intruder;
SELECT isnt_empty($$SELECT FROM faults WHERE severity = 'critical' AND layer = 'roles' AND object = 'example_intruder'$$,
                  'who can become a guard');
ALTER ROLE example_intruder SET session_replication_role = replica;
GRANT SET ON PARAMETER session_replication_role TO example_intruder;
SELECT is((SELECT count(*) FROM faults WHERE severity = 'critical' AND layer = 'settings' AND object LIKE '%example_intruder%'), 2::bigint,
          'who can put guards to sleep');

SET LOCAL ROLE aegis_auditor;
SELECT lives_ok('SELECT * FROM aegis.posture()', 'an auditor may ask');
RESET ROLE;
SET LOCAL ROLE aegis_app;
SELECT throws_ok('SELECT * FROM aegis.posture()', '42501', NULL, 'an application may not');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
