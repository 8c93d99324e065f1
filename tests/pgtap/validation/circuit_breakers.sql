-- Validation: what keeps coming in wrong is stopped, kept, tried again, and taken up when it is right.
BEGIN;
SELECT plan(56);

CREATE ROLE example_operator LOGIN;
CREATE ROLE example_reader LOGIN;
GRANT aegis_operator TO example_operator;
GRANT aegis_reader TO example_reader;
CALL aegis.change_configuration('aegis.live_days', '36500', 'test of old days');

-- A rule as simple as can be: 13 is critical, 14 an error, 15 explained.
CREATE FUNCTION aegis.test_rule(p_target text, p_source text, p_batch_number bigint, p_work regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date, data_version,
                                     batch_number, found_by, status, explained_by)
         SELECT ''price_change'', 1, CASE w.volume WHEN 14 THEN ''error'' ELSE ''critical'' END, $1, w.stock_code, w.trade_date,
                t.data_version, $2, ''ingest'', CASE w.volume WHEN 15 THEN ''explained'' ELSE ''open'' END,
                CASE w.volume WHEN 15 THEN ''split'' END
           FROM %s AS w JOIN aegis.stock_prices AS t USING (stock_code, trade_date)
          WHERE w.reason IS NULL AND w.volume BETWEEN 13 AND 15', p_work)
      USING p_target, p_batch_number;
END
$$;
GRANT EXECUTE ON FUNCTION aegis.test_rule TO aegis_owner;
INSERT INTO aegis.ingest_checks (target, stage, priority, routine) VALUES ('stock_prices', 'after', 1, 'test_rule');

CREATE SEQUENCE pg_temp.minutes;
CREATE FUNCTION pg_temp.send(p_codes text [], p_volume bigint, p_source text DEFAULT 'krx', p_age interval DEFAULT '0') RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_result aegis.batch_result;
BEGIN
    SELECT r.* INTO v_result FROM aegis.upsert_stock_prices(
        ARRAY(SELECT ROW(c, '2025-01-02', 53400, p_volume, TIMESTAMPTZ '2025-01-02 10:00+09' + nextval('pg_temp.minutes') * INTERVAL '1 second' - p_age,
                         NULL)::aegis.stock_price_input FROM unnest(p_codes) AS c), p_source, gen_random_uuid()) AS r;
    RETURN format('%s taken, %s quarantined', v_result.inserted + v_result.updated, v_result.quarantined);
END
$$;
CREATE FUNCTION pg_temp.state(p_scope text, p_subject text) RETURNS text LANGUAGE sql AS
$$SELECT b.state FROM aegis.circuit_breakers AS b WHERE (b.scope, b.subject) = (p_scope, p_subject)$$;
CREATE FUNCTION pg_temp.cool(p_scope text, p_subject text) RETURNS void LANGUAGE sql AS
$$UPDATE aegis.circuit_breakers SET probing_from = clock_timestamp() WHERE (scope, subject) = (p_scope, p_subject)$$;

SELECT is(pg_temp.send('{005930,000660}', 1), '2 taken, 0 quarantined', 'nothing is stopped');
SELECT is(aegis.breaker_state('005930'), 'closed', 'a code that never tripped is closed');
SELECT is(aegis.breaker_state('999999'), NULL, 'a code that is unknown has no state');

-- Tripping.
SELECT is(pg_temp.send('{005930}', 15), '1 taken, 0 quarantined', 'an explained jump');
SELECT is(aegis.breaker_state('005930'), 'closed', 'trips nothing');
SELECT is(pg_temp.send('{005930}', 13), '1 taken, 0 quarantined', 'a critical value is stored: flag, never drop');
SELECT is(aegis.breaker_state('005930'), 'open', 'and trips its code in the same transaction');
SELECT is((SELECT (s.is_suspended, s.breaker_scope)::text FROM aegis.stock_status AS s WHERE s.stock_code = '005930'), '(t,code)',
          'readers see it suspended');
SELECT is((SELECT array_agg(a.severity) FROM aegis.alerts AS a WHERE a.alert_kind = 'breaker_opened'), '{critical}',
          'people are told');
SELECT is(pg_temp.send('{005930,000660}', 2), '1 taken, 1 quarantined', 'only its rows are put aside');
SELECT is((SELECT array_agg(d.reason || ' ' || (d.payload::jsonb ->> 'stock_code')) FROM aegis.dead_letters AS d), '{"breaker_open 005930"}',
          'with the reason, to be replayed');
SELECT is(pg_temp.send('{000660}', 14), '1 taken, 0 quarantined', 'a first error');
SELECT is(pg_temp.state('code', '000660'), 'closed', 'does not trip: the condition wants three');
UPDATE aegis.findings SET found_at = clock_timestamp() - INTERVAL '6 minutes' WHERE stock_code = '000660';
SELECT is(pg_temp.send('{000660}', 14) || pg_temp.send('{000660}', 14) || pg_temp.state('code', '000660'),
          '1 taken, 0 quarantined1 taken, 0 quarantinedclosed', 'nor do two within the period');
SELECT is(pg_temp.send('{000660}', 14) || pg_temp.state('code', '000660'), '1 taken, 0 quarantinedopen', 'the third does');

-- Probing.
SELECT pg_temp.cool('code', '005930');
SELECT is(aegis.breaker_state('005930'), 'half_open', 'after its cooldown a breaker is half open');
SELECT is(pg_temp.send('{005930}', 3) || pg_temp.state('code', '005930'), '1 taken, 0 quarantinedhalf_open', 'a batch may try');
SELECT is(pg_temp.send('{005930}', 13) || pg_temp.state('code', '005930'), '1 taken, 0 quarantinedopen', 'a bad one opens it again');
SELECT is(pg_temp.send('{005930}', 4), '0 taken, 1 quarantined', 'and it cools down from the start');
SELECT pg_temp.cool('code', '005930');
SELECT is(pg_temp.send('{005930}', 5) || pg_temp.send('{005930}', 6) || pg_temp.state('code', '005930'),
          '1 taken, 0 quarantined1 taken, 0 quarantinedhalf_open', 'two good probes are not enough');
SELECT is(pg_temp.send('{005930}', 7) || pg_temp.state('code', '005930'), '1 taken, 0 quarantinedclosed', 'the third closes it');
SELECT is((SELECT array_agg(e.to_state ORDER BY e.event_id) FROM aegis.circuit_breaker_events AS e WHERE e.subject = '005930'),
          '{open,half_open,open,half_open,half_open,closed}', 'every step is kept');
SELECT is(pg_temp.send('{005930}', 8), '1 taken, 0 quarantined', 'rows are taken again');

-- Sources and markets.
CALL aegis.change_breaker_condition('source_errors', '{"threshold": 2}', 'test');
CALL aegis.change_breaker_condition('code_critical', '{"is_enabled": false}', 'test');
SELECT is(pg_temp.send('{035720,035420}', 13, 'krx_snapshot') || pg_temp.state('source', 'krx_snapshot'),
          '2 taken, 0 quarantinedopen', 'a source that sends two codes wrong trips');
SELECT is(pg_temp.send('{068270}', 1, 'krx_snapshot') || pg_temp.send('{068270}', 1, 'krx'),
          '0 taken, 1 quarantined1 taken, 0 quarantined', 'others go on');
UPDATE aegis.stocks SET market = 'KOSPI' WHERE stock_code IN ('068270', '051910', '035420');

SET SESSION AUTHORIZATION example_reader;
SELECT throws_ok($$CALL aegis.reset_breaker('source', 'krx_snapshot', 'x')$$, '42501', NULL, 'readers reset nothing');
SELECT throws_ok($$CALL aegis.trip_breaker('source', 'krx', 'x')$$, '42501', NULL, 'and trip nothing');
SET SESSION AUTHORIZATION example_operator;
SELECT throws_ok($$CALL aegis.reset_breaker('source', 'krx_snapshot', ' ')$$, 'AEV51', NULL, 'a reason is asked for');
SELECT throws_ok($$CALL aegis.reset_breaker('market', 'NYSE', 'x')$$, 'AEV50', NULL, 'and a subject that exists');
SELECT throws_ok($$CALL aegis.trip_breaker('planet', 'x', 'x')$$, 'AEV50', NULL, 'of a scope that exists');
SELECT throws_ok($$CALL aegis.trip_breaker('source', 'krx', 'x', '-1 hour')$$, 'AEV53', NULL, 'cooling down takes time');
SELECT lives_ok($$CALL aegis.reset_breaker('source', 'krx_snapshot', 'mended')$$, 'an operator resets');
SELECT throws_ok($$CALL aegis.reset_breaker('source', 'krx_snapshot', 'again')$$, 'AEV52', NULL, 'once');
SELECT lives_ok($$CALL aegis.trip_breaker('market', 'KOSPI', 'the exchange is late')$$, 'an operator trips by hand');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.send('{068270,005930}', 9), '1 taken, 1 quarantined', 'a market is stopped as a whole');
SELECT is((SELECT e.acted_by || ' ' || e.reason FROM aegis.circuit_breaker_events AS e ORDER BY e.event_id DESC LIMIT 1),
          'example_operator the exchange is late', 'by whom, and why');
SELECT is(pg_temp.send('{035720}', 14, 'krx_snapshot') || pg_temp.state('source', 'krx_snapshot'), '1 taken, 0 quarantinedclosed',
          'what came before a reset does not count again');

-- Rows that were put aside or too old.
CALL aegis.change_breaker_condition('source_put_aside', '{"threshold": 0.5, "minimum_rows": 4, "is_enabled": true}', 'test');
SELECT is(pg_temp.send('{005930,035720}', -5, 'naver'), '0 taken, 0 quarantined', 'what is impossible is rejected');
SELECT is(pg_temp.state('source', 'naver'), 'closed', 'a share of few rows trips nothing');
SELECT is(pg_temp.send('{005930,035720}', 9, 'naver') || pg_temp.state('source', 'naver'), '2 taken, 0 quarantinedclosed',
          'a good batch is not asked');
SELECT is(pg_temp.send('{035720}', -5, 'naver') || pg_temp.state('source', 'naver'), '0 taken, 0 quarantinedopen',
          'the next bad one trips its source');
SELECT is((SELECT b.reason FROM aegis.circuit_breakers AS b WHERE b.subject = 'naver'),
          'source_put_aside: 3 of 5 rows within 00:05:00 were put aside', 'and says how many');
SELECT is(pg_temp.send('{035720}', 9, 'naver'), '0 taken, 1 quarantined', 'its rows are quarantined');
SELECT pg_temp.cool('source', 'naver');
SELECT pg_temp.send('{035720}', -5, 'naver');
SELECT is((SELECT (b.state, b.trips, b.reason LIKE 'a probe failed: source_put_aside%')::text FROM aegis.circuit_breakers AS b
            WHERE b.subject = 'naver'), '(open,2,t)', 'a probe that is put aside opens it again');
CALL aegis.reset_breaker('source', 'naver', 'mended');
SELECT is(pg_temp.send('{005930,035720,051910}', -5, 'naver') || pg_temp.state('source', 'naver'), '0 taken, 0 quarantinedclosed',
          'what was put aside before a reset does not count again, nor what the breaker put aside');
CALL aegis.change_breaker_condition('source_put_aside', '{"is_enabled": false}', 'test');
CALL aegis.change_breaker_condition('source_dead_letters', '{"threshold": 5, "rule_code": "no_such_reason", "is_enabled": true}', 'test');
SELECT is(pg_temp.send('{005930}', -5, 'naver') || pg_temp.send('{005930}', -5, 'naver') || pg_temp.state('source', 'naver'),
          '0 taken, 0 quarantined0 taken, 0 quarantinedclosed', 'dead letters of other reasons do not count');
CALL aegis.change_breaker_condition('source_dead_letters', '{"rule_code": null}', 'test');
SELECT is(pg_temp.send('{005930}', 1, 'naver') || pg_temp.state('source', 'naver'), '1 taken, 0 quarantinedclosed',
          'a batch without dead letters trips nothing');
SELECT is(pg_temp.send('{005930}', -5, 'naver') || pg_temp.state('source', 'naver'), '0 taken, 0 quarantinedopen',
          'five dead letters do, and one more');
SELECT is(pg_temp.send('{005930,035720}', 1, 'krx_snapshot', '20 seconds') || pg_temp.state('source', 'krx_snapshot'), '0 taken, 0 quarantinedclosed',
          'old rows trip nothing unless that is wanted');
CALL aegis.change_breaker_condition('source_stale', '{"is_enabled": true, "threshold": 0.5, "minimum_rows": 2}', 'test');
SELECT is(pg_temp.send('{005930,035720}', 1, 'krx_snapshot', '20 seconds') || pg_temp.state('source', 'krx_snapshot'), '0 taken, 0 quarantinedopen',
          'a feed that sends what is old trips');

SELECT set_eq($$SELECT DISTINCT l.subject || ' ' || (l.detail ->> 'to') FROM aegis.ledger AS l WHERE l.kind = 'breaker'$$,
              $$SELECT DISTINCT e.scope || ' ' || e.subject || ' ' || e.to_state FROM aegis.circuit_breaker_events AS e$$,
              'and in the ledger');

-- Conditions.
SELECT throws_ok(format($$CALL aegis.change_breaker_condition('code_errors', '%s', 'x')$$, t.changes), 'AEV53', NULL,
                 t.changes || ' is refused')
  FROM unnest(ARRAY['{"threshold": 0}', '{"minimum_severity": "grave"}', '{"threshold": 1.5}', '{"kind": "put_aside_share"}']) AS t (changes);
SELECT throws_ok($$CALL aegis.change_breaker_condition('new_one', '{"threshold": 1}', 'x')$$, 'AEV54', NULL, 'half a condition is none');

SELECT * FROM finish();
ROLLBACK;
