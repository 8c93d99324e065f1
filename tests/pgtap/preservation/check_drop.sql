-- Preservation: nothing of a protected table is dropped, by whatever command.
BEGIN;
SELECT plan(10);

CREATE SCHEMA example;
CREATE DOMAIN example.word AS text;
CREATE TABLE example.days (day date NOT NULL, body example.word) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE TABLE example.others (id integer);
CALL aegis.protect_table('example.days', 'test');

SELECT throws_ok('DROP TABLE example.days', 'AEP18', NULL, 'not the table');
SELECT throws_ok('DROP TABLE example.days_p2024', 'AEP18', NULL, 'not a partition');
SELECT throws_ok('DROP SCHEMA example CASCADE', 'AEP18', NULL, 'not its schema');
SELECT throws_ok('DROP DOMAIN example.word CASCADE', 'AEP18', NULL, 'not the type of a column');
SELECT throws_ok('ALTER TABLE example.days DROP COLUMN body', 'AEP18', NULL, 'not a column');
SELECT throws_ok('DROP TRIGGER aegis_no_truncate ON example.days', 'AEP18', NULL, 'not a guard');
SELECT throws_ok('DROP FUNCTION aegis_guard.foreign_code(regclass)', 'AEP22', NULL, 'not code of AEGIS');
SELECT throws_ok('DROP VIEW aegis.protection_status CASCADE', 'AEP22', NULL, 'not a view of AEGIS');
SELECT lives_ok('DROP TABLE example.others', 'what nobody protects may go');

SELECT aegis_guard._issue_ticket('example.days_p2024', 'DROP', 0, 'test');
SELECT lives_ok('DROP TABLE example.days_p2024', 'a ticket lets one partition go');

SELECT * FROM finish();
ROLLBACK;
