-- Validation: one look tells whether somebody looks after the findings.
BEGIN;
SELECT plan(10);

CREATE ROLE example_reader LOGIN;
GRANT aegis_reader TO example_reader;
CREATE FUNCTION pg_temp.ill() RETURNS text [] LANGUAGE sql AS
$$SELECT array_agg(h.measure || coalesce(' ' || h.label_value, '') ORDER BY h.measure COLLATE "C", h.label_value COLLATE "C") FROM aegis.validation_health AS h WHERE NOT h.is_healthy$$;

UPDATE aegis.load_state SET measured_at = clock_timestamp();      -- the database may have waited for its turn
SELECT is(pg_temp.ill(), NULL, 'a new database is healthy');
SELECT is_empty($$SELECT * FROM aegis.validation_health WHERE value IS NULL OR is_healthy IS NULL OR description_ko !~ '[가-힣]'$$,
                'every measure has a value and a meaning, in Korean too');
SELECT is((SELECT count(DISTINCT h.measure) FROM aegis.validation_health AS h), 9::bigint, 'without channels nine things are measured');

INSERT INTO aegis.findings (rule_code, rule_version, severity, target, stock_code, trade_date, data_version, found_by)
VALUES ('price_change', 1, 'critical', 'daily_market_data', '005930', '2025-01-02', 1, 'day');
UPDATE aegis.cases SET due_at = opened_at;
SELECT is(pg_temp.ill(), '{cases_overdue critical}', 'an overdue case is seen');
CALL aegis.trip_breaker('source', 'naver', 'test');
SELECT is(pg_temp.ill(), '{breakers_tripped source,cases_overdue critical}', 'a breaker is seen');
CALL aegis.set_alert_channel('desk', '{"adapter": "smtp", "endpoint": "risk@example.com"}', 'test');
SELECT aegis.send_test_alert();
UPDATE aegis.alerts SET raised_at = clock_timestamp() - INTERVAL '1 hour';
SELECT is(pg_temp.ill(), '{breakers_tripped source,cases_overdue critical,oldest_delivery_seconds}', 'alerts that nobody sends are seen');
UPDATE aegis.load_state SET measured_at = clock_timestamp() - INTERVAL '1 hour';
SELECT ok('load_measured_seconds' = ANY (pg_temp.ill()), 'and a load that nobody measures');

SET SESSION AUTHORIZATION example_reader;
SELECT ok((SELECT count(*) > 10 FROM aegis.validation_health), 'readers may look');
SELECT is(aegis.active_priorities(), '[1,101)'::int4range, 'and ask what runs');
SELECT lives_ok('SELECT * FROM aegis.validation_queue', 'and what waits');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
