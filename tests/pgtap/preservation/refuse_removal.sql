-- Preservation: what a guard refuses, by code, whoever asks and whichever way.
BEGIN;
SELECT plan(17);

CREATE SCHEMA example;
CREATE TABLE example.notes (id integer PRIMARY KEY, body text);
CREATE TABLE example.days (day date NOT NULL, body text) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE VIEW example.notes_view AS SELECT n.id, n.body FROM example.notes AS n;
INSERT INTO example.notes VALUES (1, 'kept');
INSERT INTO example.days VALUES ('2024-02-29', 'leap'), ('1999-01-01', 'old');

CALL aegis.protect_table('example.notes', 'test', NULL, TRUE);
CALL aegis.protect_table('example.days', 'test');

SELECT throws_ok('DELETE FROM example.notes', 'AEP01', NULL, 'DELETE is refused');
SELECT throws_ok('DELETE FROM example.notes WHERE false', 'AEP01', NULL, 'even a DELETE of no row');
SELECT throws_ok('DELETE FROM example.notes_view', 'AEP01', NULL, 'through a view too');
SELECT throws_ok('WITH d AS (DELETE FROM example.notes RETURNING id) SELECT count(*) FROM d',
                 'AEP01', NULL, 'in a WITH clause too');
SELECT throws_ok('MERGE INTO example.notes AS n USING (VALUES (1)) AS v (id) ON v.id = n.id WHEN MATCHED THEN DELETE',
                 'AEP01', NULL, 'by MERGE too');
SELECT throws_ok('TRUNCATE example.notes', 'AEP02', NULL, 'TRUNCATE is refused');
SELECT throws_ok('UPDATE example.notes SET body = NULL', 'AEP04', NULL, 'an append-only table refuses UPDATE');
SELECT lives_ok('INSERT INTO example.notes VALUES (2, NULL)', 'and takes new rows');

SELECT throws_ok('DELETE FROM example.days', 'AEP01', NULL, 'DELETE of a partitioned table is refused');
SELECT throws_ok('DELETE FROM example.days_p2024', 'AEP01', NULL, 'DELETE of one partition is refused');
SELECT throws_ok('TRUNCATE example.days_default', 'AEP02', NULL, 'TRUNCATE of the default partition is refused');
SELECT throws_ok('UPDATE example.days SET day = ''2030-01-01'' WHERE day = ''2024-02-29''', 'AEP03', NULL,
                 'a row cannot be moved to another partition');
SELECT lives_ok('UPDATE example.days SET day = ''2024-03-01'' WHERE day = ''2024-02-29''',
                'a move within the partition is an ordinary UPDATE');

SET LOCAL session_replication_role = replica;
SELECT throws_ok('DELETE FROM example.days', 'AEP01', NULL, 'replica mode does not silence the guard');
SELECT throws_ok('TRUNCATE example.days_p2024', 'AEP02', NULL, 'nor that of TRUNCATE');
RESET session_replication_role;

SELECT is((SELECT count(*) FROM example.notes), 2::bigint, 'all notes are there');
SELECT is((SELECT count(*) FROM example.days), 2::bigint, 'all days are there');

SELECT * FROM finish();
ROLLBACK;
