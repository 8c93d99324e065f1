-- Preservation: the status tells what is missing, from the catalog of this moment.
BEGIN;
SELECT plan(9);

SELECT is_empty('SELECT relation, missing FROM aegis.protection_status WHERE NOT is_protected',
                'everything AEGIS keeps is protected');

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CALL aegis.protect_table('example.days', 'test');
CREATE TEMP VIEW status AS SELECT * FROM aegis.protection_status AS s WHERE s.relation LIKE 'example.days%';

SELECT set_eq('SELECT is_protected, is_partitioned, relations, missing, history_table FROM status',
                  $$VALUES (TRUE, TRUE, 2, '{}'::text[], NULL::text)$$, 'a protected table and its partition');
SELECT set_eq('SELECT protected_by, reason FROM status', $$VALUES (SESSION_USER::text, 'test'::text)$$, 'by whom and why');
SELECT is((SELECT has_event_trigger FROM status),
          EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'aegis_arm_partitions' AND evtenabled = 'A'),
          'whether new partitions of others are guarded');

SET LOCAL client_min_messages = warning;
-- From here on as a superuser works past the event triggers.
DROP EVENT TRIGGER IF EXISTS aegis_arm_partitions;
DROP EVENT TRIGGER IF EXISTS aegis_check_change;
SELECT ok(NOT (SELECT has_event_trigger FROM status), 'a dropped event trigger is told');
CREATE TABLE example.days_p2025 PARTITION OF example.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE example.days_p2024 ENABLE REPLICA TRIGGER aegis_no_delete;
SELECT set_eq('SELECT unnest(missing) FROM status',
              $$VALUES ('aegis_no_delete on example.days_p2024'), ('aegis_no_delete on example.days_p2025'),
                       ('aegis_no_truncate on example.days_p2025'), ('aegis_settle_ticket on example.days_p2025')$$,
              'a partition that nobody armed and a guard that sleeps are told');
SELECT ok(NOT (SELECT is_protected FROM status), 'and the table does not count as protected');

UPDATE pg_inherits SET inhdetachpending = TRUE WHERE inhrelid = 'example.days_p2024'::regclass;
SELECT ok((SELECT 'attachment of example.days_p2024' = ANY(missing) FROM status), 'a detachment in progress is told');
UPDATE pg_inherits SET inhdetachpending = FALSE WHERE inhrelid = 'example.days_p2024'::regclass;

ALTER TABLE example.days RENAME TO days_elsewhere;
SELECT set_eq('SELECT is_protected, relations, missing FROM status',
                  $$VALUES (FALSE, 0, '{the table itself}'::text[])$$, 'a table that is gone is told');

SELECT * FROM finish();
ROLLBACK;
