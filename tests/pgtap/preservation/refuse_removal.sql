-- Preservation: what a guard refuses, by code, whoever asks and whichever way.
BEGIN;
SELECT plan(21);

CREATE SCHEMA example;
CREATE TABLE example.notes (id integer PRIMARY KEY, body text);
CREATE TABLE example.days (day date NOT NULL, body text) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE TABLE example.orders (id integer PRIMARY KEY, "we%ird" text);
INSERT INTO example.orders VALUES (1, 'x');
CREATE VIEW example.notes_view AS SELECT n.id, n.body FROM example.notes AS n;
INSERT INTO example.notes VALUES (1, 'kept');
INSERT INTO example.days VALUES ('2024-02-29', 'leap'), ('1999-01-01', 'old');

CALL aegis.protect_table('example.notes', 'test', NULL, TRUE);
CALL aegis.protect_table('example.days', 'test');
CALL aegis.protect_table('example.orders', 'test');

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
                'a move within the partition is an ordinary UPDATE where the day is no key');
SELECT throws_ok('UPDATE example.orders SET id = 2', 'AEP03', NULL, 'a row keeps its key');
SELECT throws_ok($$INSERT INTO example.orders VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET id = 3$$, 'AEP03', NULL,
                 'in an upsert too');
SELECT lives_ok($$UPDATE example.orders SET id = id, "we%ird" = 'y'$$, 'naming the key without changing it is no harm');
SELECT is((SELECT array_agg(o.id) FROM example.orders AS o), '{1}', 'the key is what it was');

SET LOCAL session_replication_role = replica;
SELECT throws_ok('DELETE FROM example.days', 'AEP01', NULL, 'replica mode does not silence the guard');
SELECT throws_ok('TRUNCATE example.days_p2024', 'AEP02', NULL, 'nor that of TRUNCATE');
RESET session_replication_role;

SELECT is((SELECT count(*) FROM example.notes), 2::bigint, 'all notes are there');
SELECT is((SELECT count(*) FROM example.days), 2::bigint, 'all days are there');

SELECT * FROM finish();
ROLLBACK;
