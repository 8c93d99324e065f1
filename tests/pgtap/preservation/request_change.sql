-- Preservation: protection becomes weaker by two persons only, once, in time, and as they agreed.
BEGIN;
SELECT plan(41);

CREATE ROLE "desk one" IN ROLE aegis_operator, aegis_approver;
CREATE ROLE desk_two IN ROLE aegis_approver;
CREATE ROLE desk_three IN ROLE aegis_operator;
GRANT desk_two TO "desk one";
GRANT USAGE ON SCHEMA tap TO PUBLIC;

CREATE SCHEMA example;
CREATE TABLE example.days (day date NOT NULL, body text DEFAULT 'x', more text DEFAULT 'y') PARTITION BY RANGE (day);
CREATE TABLE example.days_p2024 PARTITION OF example.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE example.days_default PARTITION OF example.days DEFAULT;
CREATE TABLE example."Odd ""x""" (id integer PRIMARY KEY, body text DEFAULT 'x');
CREATE TABLE example.plain (id integer PRIMARY KEY, body text DEFAULT 'x');
CALL aegis.protect_table('example.days', 'test');
CALL aegis.protect_table('example."Odd ""x"""', 'test');

CREATE FUNCTION pg_temp.change(relation text, aspect text, was text, becomes text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('relation', relation, 'aspect', aspect, 'was', was, 'becomes', becomes)
$$;
CREATE FUNCTION pg_temp.refused(changes jsonb, description text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT aegis.request_change(''why'', %L)', changes), 'AEP26', NULL, description)
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;

-- What can be requested.
SELECT pg_temp.refused(NULL, 'nothing is no request');
SELECT pg_temp.refused('[]', 'nor is an empty list');
SELECT pg_temp.refused('{}', 'nor is anything else');
SELECT pg_temp.refused('["default body"]', 'a change is an object');
SELECT pg_temp.refused('[{"relation": "example.days", "aspect": "default body"}]', 'which says from what to what');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL) || '{"more": 1}'),
                       'and no more');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', '''x''::text')),
                       'it must be one');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.nowhere', 'default body', '''x''::text', NULL)),
                       'of a table that there is');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.plain', 'default body', '''x''::text', NULL)),
                       'and that is protected');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'default body', '''z''::text', NULL)),
                       'as the baseline knows it');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'nonsense', NULL, 'x')), 'nonsense is none');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'column body', 'text "default"', NULL)),
                       'a column is a loss, which nobody approves');
SELECT pg_temp.refused(jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL),
                                         pg_temp.change('example.days', 'relation', 'x', NULL)),
                       'also as one of several');
SELECT throws_ok($$SELECT aegis.request_change(' ', '[]')$$, 'AEP26', NULL, 'a reason is needed');

-- A dry run tells what to request.
SET SESSION AUTHORIZATION "desk one";
SELECT aegis.request_change('why', jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL))) AS days \gset
SELECT aegis.request_change('why', jsonb_build_array(pg_temp.change('example."Odd ""x"""', 'default body', '''x''::text', NULL))) AS odd \gset
SELECT aegis.request_change('why', jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL))) AS late \gset
SELECT aegis.request_change('why', jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL))) AS never \gset
RESET SESSION AUTHORIZATION;

-- The second person.
SELECT throws_ok(format('SELECT aegis_guard.open_change(''test'', %s)', :days), 'AEP27', NULL, 'unapproved it opens nothing');
SET SESSION AUTHORIZATION "desk one";
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :days), 'AEP58', NULL, 'nobody approves what was one''s own to ask');
SET ROLE desk_two;
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :days), 'AEP58', NULL, 'nor as another role');
RESET ROLE;
SET SESSION AUTHORIZATION desk_three;
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :days), '42501', NULL, 'nor without the right');
SET SESSION AUTHORIZATION desk_two;
SELECT throws_ok('CALL aegis.approve_change(0)', 'AEP27', NULL, 'nor what nobody requested');
SELECT throws_ok('CALL aegis.approve_change(NULL)', 'AEP27', NULL, 'nor nothing');
SELECT lives_ok(format('CALL aegis.approve_change(%s)', :days), 'another person does');
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :days), 'AEP27', NULL, 'once');
SELECT throws_ok(format('CALL aegis.approve_change(%s, FALSE)', :days), 'AEP27', NULL, 'and for good');
SELECT lives_ok(format('CALL aegis.approve_change(%s, FALSE, ''no'')', :never), 'or says no');
CALL aegis.approve_change(:odd);
SELECT throws_ok(format('SELECT aegis_guard.open_change(''test'', %s)', :days), '42501', NULL, 'and opens no window by that');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('SELECT aegis_guard.open_change(''test'', %s)', :never), 'AEP27', NULL, 'what was rejected opens nothing');
SELECT throws_ok(format('UPDATE aegis.change_requests SET changes = ''[]'' WHERE request_id = %s', :days), 'AEP04', NULL,
                 'a request is not edited');
SELECT throws_ok(format('DELETE FROM aegis.change_events WHERE request_id = %s', :days), 'AEP01', NULL, 'nor a decision undone');

-- The window does what was approved, and nothing else.
SAVEPOINT approved;
SELECT set_config('aegis.change_request', :'days', TRUE);
SELECT aegis_guard.open_change('test');
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'a setting approves nothing');
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;
SELECT aegis_guard.open_change('test', :odd);
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'nor does what was approved for another table');
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;
SELECT aegis_guard.open_change('test', :days);
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT, ALTER COLUMN more DROP DEFAULT;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'nor for fewer aspects');
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;
SELECT aegis_guard.open_change('test', :days);
ALTER TABLE example.days ALTER COLUMN body SET DEFAULT 'z';
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'nor for another value');
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;

-- A clock that was set back.
INSERT INTO aegis.ledger (kind, subject, acted_at) VALUES ('change_request', 'of the future', clock_timestamp() + interval '1 day');
SELECT throws_ok(format('SELECT aegis_guard.open_change(''test'', %s)', :days), 'AEP53', NULL, 'a clock set back approves nothing');
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;

-- Time limits.
CALL aegis.change_configuration('aegis.change_approval_limit', '1 second', 'test');
CALL aegis.change_configuration('aegis.change_execution_limit', '1 second', 'test');
SET SESSION AUTHORIZATION "desk one";
SELECT aegis.request_change('why', jsonb_build_array(pg_temp.change('example.days', 'default body', '''x''::text', NULL))) AS brief \gset
SET SESSION AUTHORIZATION desk_two;
CALL aegis.approve_change(:late);
RESET SESSION AUTHORIZATION;
SELECT aegis_guard.open_change('test', :late);
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT;
SELECT pg_sleep(1.1);
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'AEP28', NULL, 'an approval ends, also while the window is open');
SET SESSION AUTHORIZATION desk_two;
SELECT throws_ok(format('CALL aegis.approve_change(%s)', :brief), 'AEP27', NULL, 'a request ends');
RESET SESSION AUTHORIZATION;
ROLLBACK TO approved;
SET CONSTRAINTS ALL DEFERRED;

SELECT aegis_guard.open_change('test', :days);
ALTER TABLE example.days ALTER COLUMN body DROP DEFAULT;
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'what was approved is done, partitions included');
SET CONSTRAINTS ALL DEFERRED;
SELECT throws_ok(format('SELECT aegis_guard.open_change(''test'', %s)', :days), 'AEP27', NULL, 'once');
SELECT is((SELECT l.detail #>> '{requests,0,approved_by}' FROM aegis.ledger AS l WHERE l.kind = 'change_window' ORDER BY l.ledger_id DESC LIMIT 1),
          'desk_two', 'it is an act of two persons');
SELECT set_eq(format($$SELECT detail ->> 'event', acted_by FROM aegis.ledger
                        WHERE kind = 'change_request' AND detail ->> 'request_id' = %L$$, :days),
              $$VALUES ('requested', 'desk one'), ('approved', 'desk_two')$$, 'as was each step before');
SELECT results_eq($$SELECT p.severity, p.object FROM aegis.posture() AS p WHERE p.layer = 'approved'$$,
                  $$VALUES ('notice', 'example.days')$$, 'and is not forgotten');
ALTER TABLE example.days ALTER COLUMN body SET DEFAULT 'x';
SELECT is_empty($$SELECT FROM aegis.posture() AS p WHERE p.layer = 'approved'$$, 'until it is put back');

SELECT * FROM finish();
ROLLBACK;
