-- Preservation: what was made weaker past the guards becomes the baseline by two persons only, as they saw it.
BEGIN;
SELECT plan(23);

CREATE ROLE reseal_one IN ROLE aegis_operator, aegis_approver;
CREATE ROLE reseal_two IN ROLE aegis_approver;
GRANT USAGE ON SCHEMA tap TO PUBLIC;

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL, body text DEFAULT 'x', more text DEFAULT 'y') PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_p2025 PARTITION OF example.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CALL aegis.protect_table('example.days', 'test');
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;

-- As a superuser does it who puts the event triggers to sleep.
CREATE FUNCTION pg_temp.unseen(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_name text;
BEGIN
    FOREACH v_name IN ARRAY '{aegis_check_change,aegis_check_command,aegis_check_drop,aegis_check_rewrite}'::text[] LOOP
        EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', v_name);
    END LOOP;
    EXECUTE statement;
    FOREACH v_name IN ARRAY '{aegis_check_change,aegis_check_command,aegis_check_drop,aegis_check_rewrite}'::text[] LOOP
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', v_name);
    END LOOP;
END
$$;

SELECT is_empty($$SELECT * FROM aegis_guard.reseal('nothing differs')$$, 'a sound state is as it was');
SELECT throws_ok($$SELECT aegis_guard.reseal(' ')$$, 'AEP06', NULL, 'a reason is needed');
SELECT throws_ok($$SELECT aegis.request_reseal('x')$$, 'AEP26', NULL, 'where nothing is weaker there is nothing to request');

SELECT pg_temp.unseen('ALTER TABLE example.days ADD COLUMN extra text');
SELECT isnt_empty($$SELECT * FROM aegis_guard.reseal('a column more')$$, 'what takes nothing away one person may take as good');

SAVEPOINT sound;
SELECT pg_temp.unseen('ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT');
SELECT throws_ok($$SELECT aegis_guard.reseal('trust me')$$, 'AEP28', NULL, 'what is weaker one person may not');
SELECT throws_ok($$SELECT aegis_guard.reseal('trust me', 0)$$, 'AEP27', NULL, 'nor with a request that is none');
SELECT throws_ok($$SELECT aegis.request_reseal(' ')$$, 'AEP26', NULL, 'a request needs a reason');

SET SESSION AUTHORIZATION reseal_one;
SELECT aegis.request_reseal('why') AS request \gset
SELECT is((SELECT s.changes FROM aegis.change_status AS s WHERE s.request_id = :request),
          '[{"relation": "example.days", "aspect": "default body", "was": "''x''::text", "becomes": null}]',
          'a request lists what is weaker at this moment, once for all partitions');
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :request), 'AEP58', NULL, 'nobody approves what was one''s own to ask');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :request), 'AEP27', NULL, 'unapproved it permits nothing');
SET SESSION AUTHORIZATION reseal_two;
CALL aegis.approve_change(:request);
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :request), '42501', NULL, 'approving is not doing');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format($$SELECT aegis_guard.open_change('test', %s)$$, :request), 'AEP27', NULL, 'it opens no change window');

SAVEPOINT approved;
SELECT pg_temp.unseen('ALTER TABLE example.days ALTER COLUMN more DROP DEFAULT');
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :request), 'AEP28', NULL, 'what was weakened later is not covered');
ROLLBACK TO approved;

SELECT isnt_empty(format($$SELECT * FROM aegis_guard.reseal('test', %s)$$, :request), 'what two persons saw is taken as good');
SELECT is((SELECT l.detail #>> '{requests,0,approved_by}' FROM aegis.ledger AS l
            WHERE l.kind = 'change_window' ORDER BY l.ledger_id DESC LIMIT 1),
          'reseal_two', 'as an act of both');
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :request), 'AEP27', NULL, 'once');
SELECT is_empty($$SELECT * FROM aegis.posture() AS p WHERE p.object LIKE 'example.%' AND p.layer = 'baseline'$$, 'it is the baseline now');
SELECT is((SELECT count(*) FROM aegis.posture() AS p WHERE p.layer = 'approved'), 1::bigint, 'and is not forgotten');

-- A request for a window is none for a reseal.
SET SESSION AUTHORIZATION reseal_one;
SELECT aegis.request_change('why', '[{"relation": "example.days", "aspect": "default more", "was": "''y''::text", "becomes": null}]') AS window \gset
SET SESSION AUTHORIZATION reseal_two;
CALL aegis.approve_change(:window);
RESET SESSION AUTHORIZATION;
SELECT pg_temp.unseen('ALTER TABLE example.days ALTER COLUMN more DROP DEFAULT');
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :window), 'AEP27', NULL, 'what was meant for a window covers no bypass');
ROLLBACK TO sound;

-- One partition that is gone says nothing about another.
SELECT pg_temp.unseen('DROP TABLE example.days_p2024');
SET SESSION AUTHORIZATION reseal_one;
SELECT aegis.request_reseal('lost') AS request \gset
SET SESSION AUTHORIZATION reseal_two;
CALL aegis.approve_change(:request);
RESET SESSION AUTHORIZATION;
SAVEPOINT lost;
SELECT pg_temp.unseen('DROP TABLE example.days_p2025');
SELECT throws_ok(format($$SELECT aegis_guard.reseal('test', %s)$$, :request), 'AEP28', NULL, 'another loss is not covered');
ROLLBACK TO lost;
SELECT isnt_empty(format($$SELECT * FROM aegis_guard.reseal('test', %s)$$, :request), 'a loss that cannot be undone can be put on record');
SELECT results_eq($$SELECT p.severity, p.object FROM aegis.posture() AS p WHERE p.layer IN ('approved', 'baseline')$$,
                  $$VALUES ('notice', 'example.days_p2024')$$, 'and stays there');
SELECT is((SELECT count(*) FROM aegis.ledger AS l WHERE l.kind = 'change_request' AND l.detail ->> 'reseal' = 'true'), 1::bigint,
          'with the request that asked for it');

SELECT * FROM finish();
ROLLBACK;
