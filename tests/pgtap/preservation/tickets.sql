-- Preservation: a ticket opens one DELETE statement, on one table, in one transaction, for so many rows.
BEGIN;
SELECT plan(16);

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL, body text) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE TABLE example.others (id integer);
INSERT INTO example.days SELECT '2024-01-01'::date + g, 'x' FROM generate_series(0, 9) AS g;
INSERT INTO example.others VALUES (1);
CALL aegis.protect_table('example.days', 'test');

SELECT throws_ok($$SELECT aegis_guard._issue_ticket('example.others', 'DELETE', 1, 'why')$$,
                 'AEP06', NULL, 'an unprotected table has no tickets');
SELECT throws_ok($$SELECT aegis_guard._issue_ticket('example.days', 'TRUNCATE', 1, 'why')$$,
                 'AEP06', NULL, 'nothing opens a table to TRUNCATE');
SELECT throws_ok($$SELECT aegis_guard._issue_ticket('example.days', 'DELETE', 0, 'why')$$,
                 'AEP06', NULL, 'a ticket needs a number of rows');
SELECT throws_ok($$SELECT aegis_guard._issue_ticket('example.days', 'DELETE', 1, ' ')$$,
                 'AEP06', NULL, 'a ticket needs a reason');
CALL aegis.protect_table('example.others', 'test');

SAVEPOINT before_ticket;
SELECT lives_ok($$SELECT aegis_guard._issue_ticket('example.days', 'DELETE', 3, 'why')$$, 'a ticket for three rows');
SELECT throws_ok('DELETE FROM example.days', 'AEP05', NULL, 'does not remove ten');
SELECT throws_ok('DELETE FROM example.others', 'AEP01', NULL, 'does not open another table');
SELECT throws_ok('TRUNCATE example.days_p2024', 'AEP02', NULL, 'does not permit TRUNCATE');
SELECT lives_ok($$DELETE FROM example.days_p2024 WHERE day <= '2024-01-03'$$, 'removes three, also from a partition');
SELECT is((SELECT array_agg(u.removed_rows) FROM aegis_guard.ticket_uses AS u
             JOIN aegis_guard.tickets AS t USING (ticket_id) WHERE t.table_name = 'days'),
          ARRAY[3::bigint], 'and keeps the count');
SELECT throws_ok('DELETE FROM example.days WHERE false', 'AEP01', NULL, 'then it is used up');
ROLLBACK TO before_ticket;

INSERT INTO aegis_guard.tickets (schema_name, table_name, operation, row_limit, reason, transaction_id)
VALUES ('example', 'days', 'DELETE', 10, 'another transaction', '3');
INSERT INTO aegis_guard.tickets (schema_name, table_name, operation, row_limit, reason, issued_at)
VALUES ('example', 'days', 'DELETE', 10, 'same number before a restore', '2020-01-01+00');
SELECT throws_ok('DELETE FROM example.days', 'AEP01', NULL, 'tickets of other transactions open nothing');

SELECT throws_ok('UPDATE aegis_guard.tickets SET row_limit = 1000', 'AEP04', NULL, 'a ticket cannot be widened');
SELECT throws_ok('DELETE FROM aegis_guard.ticket_uses', 'AEP01', NULL, 'a use cannot be undone');
SELECT throws_ok('TRUNCATE aegis_guard.ticket_uses, aegis_guard.tickets', 'AEP02', NULL, 'nor all of them');

-- Past the event triggers, as only a superuser can.
ALTER EVENT TRIGGER aegis_check_change DISABLE;
-- A trigger that deletes more inside the statement that the ticket permits.
CREATE FUNCTION example.delete_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        DELETE FROM example.days WHERE day > '2024-01-05';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER aaa AFTER DELETE ON example.days EXECUTE FUNCTION example.delete_more();
SELECT aegis_guard._issue_ticket('example.days', 'DELETE', 5, 'why');
SELECT throws_ok($$DELETE FROM example.days WHERE day <= '2024-01-05'$$, 'AEP05', NULL,
                 'two statements cannot share a ticket, not even nested');

SELECT * FROM finish();
ROLLBACK;
