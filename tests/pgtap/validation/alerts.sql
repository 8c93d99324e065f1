-- Validation: an alert is stored once, goes to whom it concerns, as fast as a person can read.
BEGIN;
SELECT plan(32);

CREATE ROLE example_operator;
GRANT aegis_operator TO example_operator;
SET LOCAL ROLE example_operator;

-- Channels.
SELECT lives_ok($$CALL aegis.set_alert_channel('desk', '{"adapter": "webhook", "endpoint": "http://127.0.0.1:8080/in",
                  "burst": 2, "rate_per_minute": 0.01, "secret_name": "desk"}', 'test')$$, 'an operator makes a channel');
SELECT lives_ok($$CALL aegis.set_alert_channel('grave', '{"adapter": "smtp", "endpoint": "risk@example.com",
                  "minimum_severity": "critical", "language": "en"}', 'test')$$, 'and one for grave alerts only');
SELECT throws_ok(format($$CALL aegis.set_alert_channel('bad', '{"adapter": "webhook", "endpoint": "%s"}', 'x')$$, t.url),
                 'AEV62', NULL, t.url || ' is no address for a webhook')
  FROM unnest('{http://example.com/,http://169.254.169.254/latest,https://user:pw@example.com/,ftp://example.com,
                file:///etc/passwd,http://127.0.0.1.example.com/,https://}'::text []) AS t (url);
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{"rate_per_minute": "NaN"}', 'x')$$, 'AEV62', NULL,
                 'a rate is a number');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{"burst": 0}', 'x')$$, 'AEV62', NULL, 'and a burst above zero');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{"secret": "s3cret"}', 'x')$$, 'AEV62', NULL,
                 'a secret has no place here');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{"secret_name": "../../etc/passwd"}', 'x')$$, 'AEV62', NULL,
                 'its name is no path');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '[1]', 'x')$$, 'AEV62', NULL, 'options are an object');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{"alert_kinds": ["tset"]}', 'x')$$, 'AEV62', NULL,
                 'kinds exist');
SELECT throws_ok($$CALL aegis.set_alert_channel('desk', '{}', NULL)$$, 'AEV63', NULL, 'a reason is asked for');
CALL aegis.set_alert_channel('desk', '{"burst": 2}', 'the same again');
SELECT is((SELECT c.data_version FROM aegis.alert_channels AS c WHERE c.channel = 'desk'), 1,
          'an option in force changes nothing');
CALL aegis.set_alert_channel('desk', '{"burst": 3}', 'more');
RESET ROLE;
SELECT is((SELECT array_agg(h.burst) FROM aegis.alert_channels_history AS h), '{2}', 'a change keeps the former state');

-- Raising.
SELECT throws_ok($$SELECT aegis._raise_alert('tset', 'k', 'error', '{}')$$, 'AEV61', NULL, 'a kind exists');
SELECT aegis._raise_alert('finding', 'r:005930', 'error', '{"case_id": 7, "stock_code": "005930"}', 'r', '005930') AS first \gset
SELECT is(aegis._raise_alert('finding', 'r:005930', 'error', '{}', 'r', '005930'), :first::bigint,
          'the same within the window is the same alert');
SELECT is((SELECT a.occurrences FROM aegis.alerts AS a WHERE a.alert_id = :first), 2::bigint, 'which counts');
SELECT set_eq(format('SELECT channel FROM aegis.alert_deliveries WHERE alert_id = %s', :first), $$VALUES ('desk')$$,
              'it goes where its severity belongs');
SELECT alike((SELECT a.body_ko FROM aegis.alerts AS a WHERE a.alert_id = :first), '%종목코드 005930%검증 건 7%',
             'its text is kept with it');

-- Delivering.
SET LOCAL ROLE example_operator;
SELECT is((SELECT count(*) FROM aegis.claim_alert_deliveries('one', 10)), 1::bigint, 'what is due can be claimed');
SELECT is((SELECT count(*) FROM aegis.claim_alert_deliveries('two', 10)), 0::bigint, 'by one deliverer at a time');
SELECT d.delivery_id AS delivery FROM aegis.alert_deliveries AS d WHERE d.alert_id = :first \gset
SELECT throws_ok(format('CALL aegis.settle_alert_delivery(%s, 1, ''lost'')', :delivery), 'AEV65', NULL,
                 'an attempt ends in one of three ways');
SELECT throws_ok(format('CALL aegis.settle_alert_delivery(%s, 2, ''delivered'')', :delivery), 'AEV64', NULL,
                 'and only under its claim');
CALL aegis.settle_alert_delivery(:delivery, 1, 'failed', '503');
SELECT is((SELECT (d.state, d.attempts, d.last_error, d.next_attempt_at > clock_timestamp())::text
             FROM aegis.alert_deliveries AS d WHERE d.delivery_id = :delivery), '(pending,1,503,t)', 'a failure is tried later');
RESET ROLE;
UPDATE aegis.alert_deliveries SET next_attempt_at = clock_timestamp() WHERE delivery_id = :delivery;
SELECT count(*) FROM aegis.claim_alert_deliveries('one', 10) \gset
CALL aegis.settle_alert_delivery(:delivery, 2, 'refused', '410');
SELECT is((SELECT d.state FROM aegis.alert_deliveries AS d WHERE d.delivery_id = :delivery), 'dead', 'a refusal is final');

-- Too many: the channel waits (one token of three left), one rule is throttled, critical alerts never are.
SELECT count(aegis._raise_alert('finding', 'q:' || n, 'warning', '{}', 'q', 'C' || n)) FROM generate_series(1, 3) AS n \gset
SELECT is((SELECT count(*) FROM aegis.claim_alert_deliveries('one', 10)), 1::bigint, 'a channel out of tokens waits');
CALL aegis.change_configuration('aegis.alert_rule_burst', '1', 'test');
CALL aegis.set_alert_channel('desk', '{"rate_per_minute": 6000, "burst": 1000}', 'open');
UPDATE aegis.alert_buckets SET tokens = 1000 WHERE bucket = 'channel:desk';
UPDATE aegis.alert_buckets SET tokens = 0, refilled_at = clock_timestamp() + INTERVAL '1 hour' WHERE bucket = 'rule:desk:q';
SELECT count(*) FROM aegis.claim_alert_deliveries('one', 10) \gset
SELECT is((SELECT count(*) FROM aegis.alert_deliveries AS d WHERE d.state = 'throttled'), 2::bigint,
          'too many of one rule are throttled, also after the clock was set back');
SELECT aegis._raise_alert('finding', 'q:grave', 'critical', '{}', 'q', 'C1') AS grave \gset
SELECT is((SELECT count(*) FROM aegis.claim_alert_deliveries('one', 10)), 2::bigint, 'a critical one goes to all, at once');

SELECT * FROM finish();
ROLLBACK;
