-- Preservation: a change window is judged as a whole when it closes.
BEGIN;
SELECT plan(21);

CREATE SCHEMA example;
CREATE TABLE example.days (id integer PRIMARY KEY, body text DEFAULT 'x');
CALL aegis.protect_table('example.days', 'test');
CREATE FUNCTION example.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

SELECT throws_ok($$SELECT aegis_guard.open_change(' ')$$, 'AEP06', NULL, 'a window needs a reason');
SAVEPOINT shut;
SELECT is(aegis_guard.open_change('test'), aegis_guard.open_change('again'), 'there is one window at a time');
SELECT lives_ok('ALTER TABLE example.days ADD CHECK (id > 0)', 'it lets a check come');
SELECT lives_ok($$CREATE OR REPLACE FUNCTION aegis.is_trading_day(p_day date) RETURNS boolean LANGUAGE sql AS 'SELECT false'$$,
                'and code of AEGIS change that is no guard');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'that is no loss');
SELECT is_empty($$SELECT aspect FROM aegis_guard.compare_state()$$, 'and is sealed');
SELECT isnt_empty($$SELECT FROM aegis.ledger WHERE kind = 'change_window' AND subject = 'test'$$, 'and entered in the ledger');
SELECT throws_ok('ALTER TABLE example.days DROP COLUMN body', 'AEP18', NULL, 'then the window is shut');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test');
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'to be weaker needs two persons');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test');
CREATE TRIGGER swallow BEFORE INSERT ON example.days FOR EACH ROW EXECUTE FUNCTION example.swallow(' EXECUTE FUNCTION aegis.x(');
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP24', NULL, 'code of others on a table is a loss');
ROLLBACK TO shut;
SET CONSTRAINTS ALL DEFERRED;

-- What could come back before the window closes is refused at once.
SELECT aegis_guard.open_change('test');
SELECT throws_ok('ALTER TABLE example.days DROP COLUMN body', 'AEP18', NULL, 'a column stays');
SELECT throws_ok('ALTER TABLE example.days RENAME COLUMN body TO other', 'AEP20', NULL, 'under its name');
SELECT throws_ok('DROP TRIGGER aegis_no_truncate ON example.days', 'AEP18', NULL, 'a guard stays');
SELECT throws_ok('ALTER TRIGGER aegis_no_truncate ON example.days RENAME TO other', 'AEP20', NULL, 'under its name');
SELECT lives_ok('ALTER TABLE example.days DISABLE TRIGGER USER', 'and in force:');
SELECT throws_ok('TRUNCATE example.days', 'AEP02', NULL, 'disabled, it is enabled by the same statement');
SELECT throws_ok('ALTER TABLE example.days RENAME TO elsewhere', 'AEP21', NULL, 'a table stays');
SELECT throws_ok('DROP TABLE example.days', 'AEP18', NULL, 'where it is');
SELECT throws_ok($$CREATE OR REPLACE FUNCTION aegis_guard.refuse_removal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'$$,
                 'AEP22', NULL, 'and the code of the guards');
SELECT throws_ok($$SELECT aegis_guard.reseal('test')$$, 'AEP28', NULL, 'nor is a baseline made to look like what was done');
ROLLBACK TO shut;

SET LOCAL ROLE aegis_owner;
SELECT throws_ok($$SELECT aegis_guard.open_change('test')$$, '42501', NULL, 'the owner of the data opens none');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
