-- Preservation: rows leave a default partition only into an exact copy, attached in the same step.
BEGIN;
SELECT plan(8);

CREATE TABLE aegis.example_days (day date NOT NULL, body text) PARTITION BY RANGE (day);
CREATE TABLE aegis.example_days_default PARTITION OF aegis.example_days DEFAULT;
ALTER TABLE aegis.example_days OWNER TO aegis_owner;
ALTER TABLE aegis.example_days_default OWNER TO aegis_owner;
INSERT INTO aegis.example_days SELECT '2024-01-01'::date + g, 'x' FROM generate_series(0, 9) AS g;
CALL aegis.protect_table('aegis.example_days', 'test');

SET LOCAL ROLE aegis_owner;
CREATE TABLE aegis.example_days_p1 (LIKE aegis.example_days);
INSERT INTO aegis.example_days_p1 SELECT * FROM aegis.example_days WHERE day < '2024-01-05' AND day <> '2024-01-03';
PREPARE fill AS SELECT aegis_guard.fill_partition('aegis.example_days', 'aegis.example_days_p1', '2024-01-01', '2024-01-05');

SELECT throws_ok('EXECUTE fill', 'AEP17', NULL, 'a copy that lacks a row is refused');
INSERT INTO aegis.example_days_p1 VALUES ('2024-01-03', 'y');
SELECT throws_ok('EXECUTE fill', 'AEP17', NULL, 'and one that changed a value');
UPDATE aegis.example_days_p1 SET body = 'x';
CREATE RULE foreign_rule AS ON INSERT TO aegis.example_days_p1 DO ALSO NOTHING;
SELECT throws_ok('EXECUTE fill', 'AEP17', NULL, 'and one with code of somebody');
DROP RULE foreign_rule ON aegis.example_days_p1;
SELECT throws_ok(
    $$SELECT aegis_guard.fill_partition('aegis.example_days_p1', 'aegis.example_days_p1', '2024-01-01', '2024-01-05')$$,
    'AEP17', NULL, 'a table without default partition has nothing to move'
);
SELECT is((SELECT count(*) FROM aegis.example_days), 10::bigint, 'until then nothing has moved');
SELECT results_eq('EXECUTE fill', 'VALUES (4::bigint)', 'an exact copy takes the rows over');
SELECT is((SELECT count(*) FROM aegis.example_days), 10::bigint, 'and no row is lost');
SELECT throws_ok('DELETE FROM aegis.example_days_p1', 'AEP01', NULL, 'the new partition is guarded');

SELECT * FROM finish();
ROLLBACK;
