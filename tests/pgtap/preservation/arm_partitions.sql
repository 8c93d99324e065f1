-- Preservation: whatever DDL adds to a protected table is guarded before anybody can reach it.
BEGIN;
SELECT plan(10);

CREATE ROLE example_owner;
CREATE SCHEMA example AUTHORIZATION example_owner;
SET LOCAL ROLE example_owner;
CREATE TABLE example.days (day date NOT NULL) PARTITION BY RANGE (day);
RESET ROLE;
CALL aegis.protect_table('example.days', 'test');

SET LOCAL ROLE example_owner;
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT throws_ok('TRUNCATE example.days_p2024', 'AEP02', NULL, 'a new partition is guarded, made by an owner without role');

CREATE TABLE example.loose (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE example.loose_p2025 PARTITION OF example.loose FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT lives_ok('TRUNCATE example.loose_p2025', 'a table of no concern is left alone');
ALTER TABLE example.days ATTACH PARTITION example.loose FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT throws_ok('TRUNCATE example.loose', 'AEP02', NULL, 'an attached table is guarded');
SELECT throws_ok('TRUNCATE example.loose_p2025', 'AEP02', NULL, 'and what hangs below it');

ALTER TABLE example.days DISABLE TRIGGER ALL;
SELECT throws_ok('DELETE FROM example.days', 'AEP01', NULL, 'disabling all triggers lasts no longer than the statement');
ALTER TABLE example.days_p2024 DISABLE TRIGGER aegis_no_truncate;
SELECT throws_ok('TRUNCATE example.days_p2024', 'AEP02', NULL, 'nor does disabling one on a partition');
RESET ROLE;

CREATE SCHEMA example_inside
    CREATE TABLE days_p2030 PARTITION OF example.days FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
SELECT throws_ok('TRUNCATE example_inside.days_p2030', 'AEP02', NULL, 'a partition made inside CREATE SCHEMA is guarded');

SET LOCAL session_replication_role = replica;
CREATE TABLE example.days_p2031 PARTITION OF example.days FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');
SELECT throws_ok('TRUNCATE example.days_p2031', 'AEP02', NULL, 'replica mode does not stop the arming');
RESET session_replication_role;

-- Somebody's temporary objects come first in nobody's search path.
SET LOCAL ROLE example_owner;
CREATE TEMP TABLE pg_trigger (tgrelid oid, tgfoid oid);
CREATE TEMP TABLE pg_class (oid oid, relkind "char");
SET LOCAL search_path = pg_temp, pg_catalog, public;
CREATE TABLE example.days_p2032 PARTITION OF example.days FOR VALUES FROM ('2032-01-01') TO ('2033-01-01');
RESET search_path;
SELECT throws_ok('TRUNCATE example.days_p2032', 'AEP02', NULL, 'temporary namesakes of the catalog deceive nobody');
RESET ROLE;

SELECT is((SELECT relations FROM aegis.protection_status WHERE relation = 'example.days' AND is_protected), 7,
          'all seven relations are protected');

SELECT * FROM finish();
ROLLBACK;
