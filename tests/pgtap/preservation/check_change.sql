-- Preservation: DDL after which a protected table would be weaker is refused; what a DBA does daily is not.
BEGIN;
SELECT plan(21);

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL, body text NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE FUNCTION example.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CALL aegis.protect_table('example.days', 'test');
SELECT is_empty($$SELECT aspect FROM aegis_guard.compare_state('example.days')$$, 'protection begins with a baseline');

SELECT lives_ok('CREATE INDEX days_body_ix ON example.days (body)', 'an index may be made');
SELECT lives_ok($$CREATE TABLE example.days_p2025 PARTITION OF example.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')$$,
                'and a partition');
SELECT lives_ok('ALTER TABLE example.days ADD COLUMN more text', 'and a column');
SELECT lives_ok($$ALTER TABLE example.days ADD CONSTRAINT days_ck CHECK (body <> '') NOT VALID$$, 'and a constraint');
SELECT lives_ok('ALTER TABLE example.days VALIDATE CONSTRAINT days_ck', 'which may become valid');
SELECT lives_ok('GRANT SELECT ON example.days TO PUBLIC', 'and all may read');
SELECT is_empty($$SELECT aspect FROM aegis_guard.compare_state('example.days')$$, 'each is sealed');
SELECT is((SELECT b.cause FROM aegis_guard.baselines AS b WHERE b.table_name = 'days_p2025' ORDER BY b.baseline_id LIMIT 1),
          'ALTER TABLE', 'with its cause');

SELECT throws_ok('CREATE RULE swallow AS ON INSERT TO example.days DO INSTEAD NOTHING', 'AEP20', NULL, 'a rule is refused');
SELECT throws_ok('CREATE TRIGGER swallow BEFORE INSERT ON example.days FOR EACH ROW EXECUTE FUNCTION example.nothing()',
                 'AEP20', NULL, 'and a trigger of somebody');
SELECT throws_ok('ALTER TABLE example.days_p2024 ENABLE ROW LEVEL SECURITY', 'AEP20', NULL, 'and row security');
-- From 18 on NOT NULL is a constraint, which is dropped.
SELECT throws_ok('ALTER TABLE example.days ALTER COLUMN body DROP NOT NULL',
                 CASE WHEN current_setting('server_version_num')::integer < 180000 THEN 'AEP20' ELSE 'AEP18' END, NULL,
                 'and to allow nulls');
SELECT throws_ok('ALTER TABLE example.days RENAME COLUMN body TO other', 'AEP20', NULL, 'and to rename a column');
SELECT throws_ok('GRANT DELETE ON example.days TO PUBLIC', 'AEP20', NULL, 'and to let all delete');
SELECT throws_ok('ALTER TABLE example.days RENAME TO elsewhere', 'AEP21', NULL, 'and to rename the table');
SELECT throws_ok('ALTER TABLE example.days_p2024 RENAME TO elsewhere', 'AEP21', NULL, 'or a partition');
SELECT throws_ok('ALTER SCHEMA example RENAME TO elsewhere', 'AEP21', NULL, 'or the schema');
SELECT throws_ok('ALTER TABLE example.days DETACH PARTITION example.days_p2025', 'AEP21', NULL, 'and to detach one');
SELECT throws_ok($$CREATE OR REPLACE FUNCTION aegis_guard.refuse_removal() RETURNS trigger LANGUAGE plpgsql
                   AS 'BEGIN RETURN NULL; END'$$, 'AEP22', NULL, 'and to replace a guard');
SELECT throws_ok('GRANT INSERT ON aegis_guard.tickets TO aegis_owner', 'AEP22', NULL, 'and to let anybody forge tickets');

SELECT * FROM finish();
ROLLBACK;
