-- Validation: a doubt becomes one case, one person decides it with a reason, and every step is kept.
BEGIN;
SELECT plan(38);

CREATE ROLE example_kim LOGIN;
CREATE ROLE example_lee LOGIN;
CREATE ROLE example_reader LOGIN;
GRANT aegis_operator TO example_kim, example_lee;
GRANT aegis_reader TO example_reader;

CREATE FUNCTION pg_temp.find(p_rule text, p_code text, p_version integer, p_severity text DEFAULT 'warning',
                             p_age integer DEFAULT 0, p_status text DEFAULT 'open')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date, data_version,
                                observed, status, explained_by, found_by)
    VALUES (p_rule, 1, p_severity, 'daily_market_data', p_code,
            (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date - p_age, p_version, '{"close_price": 5}',
            p_status, CASE p_status WHEN 'explained' THEN 'split' END, 'day')
$$;

-- Opening.
SELECT pg_temp.find('price_change', '005930', 1);
SELECT c.case_id AS one FROM aegis.cases AS c \gset
SELECT is((SELECT (c.state, c.priority, c.findings, c.state_version)::text FROM aegis.cases AS c), '(open,3,1,1)',
          'a finding opens a case');
SELECT is((SELECT (e.event, e.detail)::text FROM aegis.case_events AS e), '(opened,"{""close_price"": 5}")',
          'and its first step keeps what was observed');
SELECT alike((SELECT a.body_en FROM aegis.alerts AS a), '%005930%close_price 5%', 'an alert says so');
SELECT pg_temp.find('price_change', '005930', 2, 'error');
SELECT is((SELECT (c.severity, c.priority, c.findings, c.state_version)::text FROM aegis.cases AS c), '(error,2,2,2)',
          'another finding about the same value joins it and makes it graver');
SELECT pg_temp.find('price_change', '000660', 1, 'info');
SELECT pg_temp.find('price_change', '000660', 2, 'critical', 0, 'explained');
SELECT is((SELECT count(*) FROM aegis.cases), 1::bigint, 'what is explained or merely worth knowing opens none');
SELECT pg_temp.find('price_change', '000660', 3, 'warning', 400);
SELECT is((SELECT (count(*), (SELECT count(*) FROM aegis.alerts))::text FROM aegis.cases), '(2,1)',
          'what is long past opens a case and wakes nobody');
INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date, data_version, found_by)
SELECT 'price_gap', 1, 'warning', 'daily_market_data', 'F' || n, (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date, 1, 'day'
  FROM generate_series(1, 21) AS n;
SELECT is((SELECT array_agg((c.stock_code, c.findings)::text) FROM aegis.cases AS c WHERE c.rule_code = 'price_gap'),
          '{"(*,21)"}', 'a flood is one case');
SELECT is((SELECT count(*) FROM aegis.alerts AS a WHERE a.alert_kind = 'finding_flood'), 1::bigint, 'and one alert');
SELECT is((SELECT count(*) FROM aegis.case_findings), 24::bigint, 'every finding knows its case');
SELECT is((SELECT array_agg((q.kind, q.reason, q.items, q.is_overdue)::text ORDER BY q.priority, q.reason, q.items)
             FROM aegis.validation_queue AS q WHERE q.reason = 'price_change'),
          '{"(case,price_change,2,f)","(case,price_change,1,f)"}',
          'the queue shows them by priority');

-- Deciding.
SET SESSION AUTHORIZATION example_reader;
SELECT throws_ok(format('CALL aegis.release_case(%s, ''x'')', :one), '42501', NULL, 'readers decide nothing');
SET SESSION AUTHORIZATION example_kim;
SELECT throws_ok('CALL aegis.release_case(-1, ''x'')', 'AEV40', NULL, 'a case exists');
SELECT throws_ok('CALL aegis.release_case(NULL, ''x'')', 'AEV40', NULL, 'null is none');
SELECT throws_ok(format('CALL aegis.release_case(%s, '' '')', :one), 'AEV41', NULL, 'a reason is asked for');
SELECT throws_ok(format('CALL aegis.release_case(%s, ''x'', 1)', :one), 'AEV43', NULL,
                 'who looked before the second finding came has to look again');
SELECT throws_ok(format('CALL aegis.reopen_case(%s, ''x'')', :one), 'AEV42', NULL, 'what is open cannot be reopened');
SELECT throws_ok(format('CALL aegis.assign_case(%s, ''nobody'', ''x'')', :one), 'AEV45', NULL, 'an assignee exists');
SELECT throws_ok(format('CALL aegis.assign_case(%s, ''example_reader'', ''x'')', :one), 'AEV45', NULL,
                 'and may decide');
SELECT throws_ok(format('CALL aegis.assign_case(%s, ''aegis_operator'', ''x'')', :one), 'AEV45', NULL, 'and is a person');
SELECT lives_ok(format('CALL aegis.assign_case(%s, ''example_lee'', ''hers'', 2)', :one), 'an operator assigns a case');
SELECT throws_ok(format('CALL aegis.release_case(%s, ''x'')', :one), 'AEV44', NULL, 'then only the assignee decides');
SET SESSION AUTHORIZATION example_lee;
SELECT lives_ok(format('CALL aegis.release_case(%s, ''spin-off'', 3)', :one), 'the assignee does');
SELECT throws_ok(format('CALL aegis.release_case(%s, ''again'')', :one), 'AEV42', NULL, 'a second decision is refused');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT (c.state, c.resolved_by, c.resolution_reason)::text FROM aegis.cases AS c WHERE c.case_id = :one),
          '(released,example_lee,spin-off)', 'the case tells who and why');
SELECT is((SELECT array_agg(DISTINCT f.status) FROM aegis.findings AS f JOIN aegis.case_findings AS l USING (finding_id)
            WHERE l.case_id = :one), '{released}', 'its findings are believed');
CALL aegis.reopen_case(:one, 'not a spin-off');
SELECT is((SELECT array_agg(e.event ORDER BY e.case_event_id) FROM aegis.case_events AS e WHERE e.case_id = :one),
          '{opened,assigned,released,reopened}', 'every step is kept');
SELECT is((SELECT array_agg(DISTINCT f.status) FROM aegis.findings AS f JOIN aegis.case_findings AS l USING (finding_id)
            WHERE l.case_id = :one), '{open}', 'and its findings are open again');
CALL aegis.release_case(:one, 'right after all');
SELECT pg_temp.find('price_change', '005930', 3);
SELECT throws_ok(format('CALL aegis.reopen_case(%s, ''x'')', :one), 'AEV42', NULL, 'a case with a successor stays resolved');

-- Rejecting and replaying.
SELECT aegis.upsert_daily_market_data(
    ARRAY[ROW('000660', '2025-01-02', 'raw', 100, 100, 100, 100, 1, NULL, NULL, NULL, 100, NULL, NULL)::aegis.daily_market_data_input],
    'krx', '00000000-0000-4000-8000-000000000001');
INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date, data_version, found_by)
VALUES ('price_change', 99, 'error', 'daily_market_data', '000660', '2025-01-02', 1, 'day'),
       ('price_gap', 99, 'error', 'trading_sessions', '*', '2025-01-02', 0, 'day');
SELECT c.case_id AS wrong FROM aegis.cases AS c WHERE c.trade_date = '2025-01-02' AND c.stock_code = '000660' \gset
SELECT c.case_id AS whole FROM aegis.cases AS c WHERE c.trade_date = '2025-01-02' AND c.stock_code = '*' \gset
SET SESSION AUTHORIZATION example_kim;
SELECT throws_ok(format('CALL aegis.replay_case(%s, ''again'')', :wrong), 'AEV46', NULL, 'what is still doubted stays open');
SELECT throws_ok(format('CALL aegis.replay_case(%s, '' '')', :wrong), 'AEV41', NULL, 'replaying needs a reason too');
SELECT throws_ok(format('CALL aegis.reject_case(%s, ''x'', p_soft_delete => TRUE)', :whole), 'AEV47', NULL,
                 'what is no row cannot be deleted');
SELECT lives_ok(format('CALL aegis.reject_case(%s, ''not traded'', p_soft_delete => TRUE)', :wrong), 'a wrong value is taken out of use');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT (d.is_active, d.deleted_by, d.delete_reason)::text FROM aegis.daily_market_data AS d WHERE d.stock_code = '000660'),
          format('(f,example_kim,"case %s: not traded")', :wrong), 'by whom and why, and the row is still there');
UPDATE aegis.findings SET status = 'superseded' WHERE target = 'trading_sessions';
SELECT lives_ok(format('CALL aegis.replay_case(%s, ''corrected'')', :whole), 'what was corrected is replayed');
SELECT is((SELECT c.state FROM aegis.cases AS c WHERE c.case_id = :whole), 'replayed', 'and resolved');

-- Time and permanence.
UPDATE aegis.cases SET due_at = clock_timestamp() - INTERVAL '1 minute' WHERE case_id <> :one;
SELECT is(aegis.raise_overdue_cases(), (SELECT count(*) FROM aegis.validation_queue AS q WHERE q.is_overdue),
          'each overdue case is reminded of');
SELECT throws_ok('DELETE FROM aegis.cases', 'AEP01', NULL, 'no case is deleted');
SELECT throws_ok('UPDATE aegis.case_events SET reason = ''x''', 'AEP04', NULL, 'no step is rewritten');

SELECT * FROM finish();
ROLLBACK;
