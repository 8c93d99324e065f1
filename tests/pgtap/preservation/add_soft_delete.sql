-- Preservation: a table of a user learns soft delete, and each one is recorded, however it is done.
BEGIN;
SELECT plan(21);

CREATE ROLE shop_keeper;
GRANT aegis_operator, shop_keeper TO CURRENT_USER;
GRANT aegis_operator TO shop_keeper;
CREATE SCHEMA "가게.1" AUTHORIZATION shop_keeper;
CREATE TEMPORARY VIEW acts AS TABLE aegis.ledger;
GRANT SELECT ON acts TO shop_keeper;
SET LOCAL ROLE shop_keeper;
CREATE TABLE "가게.1"."주문 ""a"".b" ("번호" integer, "day" date, price numeric, CONSTRAINT orders_pk PRIMARY KEY ("번호", "day"))
PARTITION BY RANGE ("day");
CREATE TABLE "가게.1".p1 PARTITION OF "가게.1"."주문 ""a"".b" FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE "가게.1".p0 PARTITION OF "가게.1"."주문 ""a"".b" DEFAULT;
INSERT INTO "가게.1"."주문 ""a"".b" SELECT i, '2026-01-30'::date + i, i FROM generate_series(1, 4) AS i;

SELECT lives_ok($$CALL aegis.add_soft_delete('"가게.1"."주문 ""a"".b"')$$, 'an owner prepares a table');
SELECT lives_ok($$CALL aegis.add_soft_delete('"가게.1"."주문 ""a"".b"')$$, 'and may do so again');
SELECT set_eq(
    $$SELECT a.attname, a.atttypid::regtype::text, a.attgenerated::text FROM pg_attribute AS a
       WHERE a.attrelid = '"가게.1"."주문 ""a"".b"'::regclass AND a.attnum > 3$$,
    $$VALUES ('deleted_at', 'timestamp with time zone', ''), ('deleted_by', 'text', ''), ('delete_reason', 'text', ''),
             ('is_active', 'boolean', 's')$$,
    'it has the columns'
);
SELECT is((SELECT count(*) FROM pg_constraint WHERE conrelid = '"가게.1"."주문 ""a"".b"'::regclass AND contype = 'c'), 2::bigint,
          'and the checks, once');
SELECT throws_ok($$UPDATE "가게.1"."주문 ""a"".b" SET deleted_at = now()$$, '23514', NULL, 'which refuse half a deletion');
SELECT results_eq(
    $$SELECT verdict FROM aegis.soft_delete('"가게.1"."주문 ""a"".b"', '[{"번호": 1, "day": "2026-01-31"}, {"번호": 2, "day": "2026-02-01"},
        {"번호": 2, "day": "2026-01-31"}]', 'late')$$,
    $$VALUES ('deleted'), ('deleted'), ('not_found')$$, 'aegis.soft_delete takes it'
);
SELECT results_eq($$SELECT "번호" FROM "가게.1"."주문 ""a"".b" WHERE is_active ORDER BY 1$$, 'VALUES (3), (4)', 'its rows are deleted');
SELECT results_eq(
    $$SELECT kind COLLATE "default", row_count, detail ->> 'reason' FROM pg_temp.acts WHERE subject = '"가게.1"."주문 ""a"".b"'$$,
    $$VALUES ('soft_delete', 2::bigint, 'late')$$, 'the act is in the ledger, once'
);
UPDATE "가게.1"."주문 ""a"".b" SET deleted_at = now(), deleted_by = 'kim', delete_reason = 'by hand' WHERE "번호" = 3;
SELECT results_eq(
    $$SELECT row_count, detail ->> 'reason', acted_by = SESSION_USER FROM pg_temp.acts WHERE subject LIKE '%주문%' ORDER BY ledger_id DESC LIMIT 1$$,
    $$VALUES (1::bigint, 'by hand', TRUE)$$, 'so is one by an UPDATE, as an ORM sends it'
);
UPDATE "가게.1"."주문 ""a"".b" SET price = price + 1;
SELECT is((SELECT count(*) FROM pg_temp.acts WHERE subject LIKE '%주문%'), 2::bigint, 'other changes are no acts');
UPDATE "가게.1"."주문 ""a"".b"
   SET deleted_at = CASE WHEN is_active THEN now() END, deleted_by = CASE WHEN is_active THEN 'kim' END,
       delete_reason = CASE WHEN is_active THEN 'swap' END;
SELECT results_eq(
    $$SELECT kind COLLATE "default", row_count FROM pg_temp.acts WHERE subject LIKE '%주문%' ORDER BY ledger_id DESC LIMIT 2$$,
    $$VALUES ('restore', 3::bigint), ('soft_delete', 1)$$, 'a statement that deletes and restores is two'
);
SELECT results_eq($$SELECT verdict FROM aegis.restore_deleted('"가게.1"."주문 ""a"".b"', '{"번호": 4, "day": "2026-02-03"}', 'back')$$,
                  $$VALUES ('restored')$$, 'aegis.restore_deleted takes it too');

-- A trigger that swallows the change does not go unnoticed.
CREATE FUNCTION "가게.1".swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE UPDATE ON "가게.1".p0 FOR EACH ROW EXECUTE FUNCTION "가게.1".swallow();
SELECT throws_ok($$SELECT aegis.soft_delete('"가게.1"."주문 ""a"".b"', '{"번호": 4, "day": "2026-02-03"}', 'x')$$, 'AEP45', NULL,
                 'rows that do not change are noticed');

-- A cast of the user's own does not run as aegis_owner.
CREATE TABLE "가게.1".trap (id integer CONSTRAINT trap_pk PRIMARY KEY);
CALL aegis.add_soft_delete('"가게.1".trap');
INSERT INTO "가게.1".trap VALUES (1);
CREATE TYPE "가게.1".note AS (t text);
CREATE FUNCTION "가게.1".read_note("가게.1".note) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''I am %'', CURRENT_USER; END';
CREATE CAST ("가게.1".note AS text) WITH FUNCTION "가게.1".read_note AS IMPLICIT;
ALTER TABLE "가게.1".trap DROP CONSTRAINT trap_delete_reason_ck;
ALTER TABLE "가게.1".trap ALTER delete_reason TYPE "가게.1".note USING NULL;
SELECT throws_ok($$UPDATE "가게.1".trap SET deleted_at = now(), deleted_by = 'x', delete_reason = ROW('x')$$, 'AEP38', NULL,
                 'columns of other types are not read');
SELECT throws_ok($$CALL aegis.add_soft_delete('"가게.1".trap')$$, 'AEP48', NULL, 'nor taken for the right ones');

CREATE TABLE "가게.1".plain_flag (id integer PRIMARY KEY, is_active boolean);
SELECT throws_ok($$CALL aegis.add_soft_delete('"가게.1".plain_flag')$$, 'AEP48', NULL, 'is_active must not be set by hand');
CREATE TABLE "가게.1".other_flag (id integer PRIMARY KEY, deleted_at timestamptz, is_active boolean GENERATED ALWAYS AS (TRUE) STORED);
SELECT throws_ok($$CALL aegis.add_soft_delete('"가게.1".other_flag')$$, 'AEP48', NULL, 'nor follow from anything else');
CREATE TABLE "가게.1".keyless (id integer);
SELECT throws_ok($$CALL aegis.add_soft_delete('"가게.1".keyless')$$, 'AEP37', NULL, 'a row must have a key');
RESET ROLE;

SELECT throws_ok($$CALL aegis.add_soft_delete('aegis.trading_calendar')$$, 'AEP48', NULL, 'tables of AEGIS stay as they are');
CREATE TABLE public.others (id integer PRIMARY KEY);
SET LOCAL ROLE shop_keeper;
SELECT throws_ok($$CALL aegis.add_soft_delete('public.others')$$, '42501', NULL, 'and so do tables of others');
SELECT throws_ok($$SELECT aegis_guard._record_act('soft_delete', 'lie')$$, '42501', NULL, 'nobody writes into the ledger himself');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
