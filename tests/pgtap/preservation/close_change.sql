-- Preservation: a change window is judged as a whole when it closes.
BEGIN;
SELECT plan(11);

CREATE SCHEMA example;
CREATE TABLE example.days (id integer PRIMARY KEY, body text DEFAULT 'x');
CALL aegis.protect_table('example.days', 'test');

SELECT throws_ok($$SELECT aegis_guard.open_change(' ')$$, 'AEP06', NULL, 'a window needs a reason');
SAVEPOINT shut;
SELECT is(aegis_guard.open_change('test'), aegis_guard.open_change('again'), 'there is one window at a time');
SELECT lives_ok('ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT', 'it lets a default go');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'that is no loss');
SELECT is_empty($$SELECT aspect FROM aegis_guard.compare_state('example.days')$$, 'and is sealed');
SELECT isnt_empty($$SELECT FROM aegis.ledger WHERE kind = 'change_window' AND subject = 'test'$$, 'and entered in the ledger');
SELECT throws_ok('ALTER TABLE example.days DROP COLUMN body', 'AEP18', NULL, 'then the window is shut');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test');
ALTER TABLE example.days DROP COLUMN body;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP24', NULL, 'a column is a loss');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test');
DROP TRIGGER aegis_no_truncate ON example.days;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP24', NULL, 'a guard too');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test');
ALTER TABLE example.days RENAME TO elsewhere;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP24', NULL, 'and the table itself');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SET LOCAL ROLE aegis_owner;
SELECT throws_ok($$SELECT aegis_guard.open_change('test')$$, '42501', NULL, 'the owner of the data opens none');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
