-- Preservation: any user's table can be protected by one call; nothing else pretends to be.
BEGIN;
SELECT plan(24);

CREATE ROLE example_operator;
CREATE ROLE example_reader;
GRANT aegis_operator TO example_operator;
GRANT aegis_reader TO example_reader;
CREATE SCHEMA "예제.1" AUTHORIZATION example_operator;

SET LOCAL ROLE example_operator;
CREATE TABLE "예제.1"."주문 ""a"".b" (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE "예제.1"."p.1" PARTITION OF "예제.1"."주문 ""a"".b" DEFAULT;
CREATE TABLE "예제.1".plain (id integer);
CREATE VIEW "예제.1".seen AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW "예제.1".stored AS SELECT 1 AS id;
CREATE SEQUENCE "예제.1".numbers;
CREATE INDEX plain_id_ix ON "예제.1".plain (id);
CREATE UNLOGGED TABLE "예제.1".volatile (id integer);
CREATE TEMP TABLE passing (id integer);

SELECT throws_ok($$CALL aegis.protect_table('"예제.1"."p.1"')$$, 'AEP11', NULL, 'a partition is not protected alone');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".seen')$$, 'AEP10', NULL, 'a view keeps no rows');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".stored')$$, 'AEP10', NULL, 'nor a materialized view');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".numbers')$$, 'AEP10', NULL, 'nor a sequence');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".plain_id_ix')$$, 'AEP10', NULL, 'nor an index');
SELECT throws_ok($$CALL aegis.protect_table(NULL)$$, 'AEP10', NULL, 'nor does null');
SELECT throws_ok($$CALL aegis.protect_table(4294967295::oid)$$, 'AEP10', NULL, 'nor what does not exist');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".volatile')$$, 'AEP13', NULL, 'an unlogged table does not last');
SELECT throws_ok($$CALL aegis.protect_table('passing')$$, 'AEP13', NULL, 'nor does a temporary one');
SELECT throws_ok($$CALL aegis.protect_table('pg_class')$$, 'AEP14', NULL, 'system catalogs are not ours');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".plain', ' ')$$, 'AEP16', NULL, 'a reason is asked for');
SELECT throws_ok($$CALL aegis.protect_table('"예제.1".plain', 'x', '"예제.1".volatile')$$, 'AEP08', NULL,
                 'history in somebody''s own table is refused');
SELECT throws_ok($$SELECT aegis_guard.register_table('"예제.1".plain', 'x', NULL, FALSE)$$, 'AEP09', NULL,
                 'a table without guards does not get into the registry');
SELECT throws_ok($$INSERT INTO aegis.protected_tables (schema_name, table_name, reason) VALUES ('a', 'b', 'c')$$,
                 '42501', NULL, 'nor by hand');

SELECT lives_ok($$CALL aegis.protect_table('"예제.1"."주문 ""a"".b"', '법')$$, 'an operator protects a table of its own');
SELECT lives_ok($$CALL aegis.protect_table('"예제.1"."주문 ""a"".b"', 'again')$$, 'twice, if it likes');
SELECT throws_ok($$DELETE FROM "예제.1"."주문 ""a"".b"$$, 'AEP01', NULL, 'and cannot delete from it any more');
SELECT throws_ok($$TRUNCATE "예제.1"."p.1"$$, 'AEP02', NULL, 'nor empty its partition');
SELECT set_eq(
    $$SELECT relation, is_partitioned, relations, is_protected, missing, reason FROM aegis.protection_status
       WHERE relation = '"예제.1"."주문 ""a"".b"'$$,
    $$VALUES ('"예제.1"."주문 ""a"".b"'::text, TRUE, 2, TRUE, '{}'::text[], '법'::text)$$,
    'the status shows it, with the reason of the first call');
RESET ROLE;

CREATE SCHEMA example;
CREATE TABLE example.foreign_owned (id integer);
GRANT USAGE ON SCHEMA example TO example_operator;
SET LOCAL ROLE example_operator;
SELECT throws_ok($$CALL aegis.protect_table('example.foreign_owned')$$, 'AEP15', NULL, 'a table of others is not touched');
RESET ROLE;
SELECT lives_ok($$CALL aegis.protect_table('example.foreign_owned')$$, 'a superuser may protect any');
SET LOCAL ROLE example_operator;
SELECT lives_ok($$CALL aegis.protect_table('example.foreign_owned')$$, 'what is protected already needs no ownership');
RESET ROLE;
SET LOCAL ROLE example_reader;
SELECT throws_ok($$CALL aegis.protect_table('example.foreign_owned')$$, '42501', NULL, 'a reader may not call it');
RESET ROLE;

CREATE ROLE example_stranger;
SET LOCAL ROLE example_stranger;
SELECT throws_ok('SELECT aegis_guard._issue_ticket(''example.foreign_owned'', ''DELETE'', 1, ''x'')', '42501', NULL,
                 'nobody issues tickets to himself');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
