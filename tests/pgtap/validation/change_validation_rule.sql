-- Validation: a rule has bounds, versions and a past.
BEGIN;
SELECT plan(25);

CREATE FUNCTION pg_temp.change(p_rule text, p_changes jsonb, p_reason text DEFAULT 'test') RETURNS text LANGUAGE sql AS $$
    SELECT format('CALL aegis.change_validation_rule(%L, %L, %L)', p_rule, p_changes, p_reason)
$$;

SELECT lives_ok(pg_temp.change('price_gap', '{"threshold": 0.25, "severity": "error"}'), 'threshold and severity can be changed');
SELECT results_eq(
    $$SELECT r.threshold, r.severity, r.rule_version, r.change_reason FROM aegis.validation_rules AS r WHERE r.rule_code = 'price_gap'$$,
    $$VALUES (0.25, 'error', 2, 'test')$$, 'the new version is in force'
);
SELECT results_eq(
    $$SELECT h.threshold, h.severity, h.rule_version FROM aegis.validation_rules_history AS h WHERE h.rule_code = 'price_gap'$$,
    $$VALUES (0.20, 'warning', 1)$$, 'the former version is kept'
);
SELECT lives_ok(pg_temp.change('price_gap', '{"threshold": 0.25}', 'again'), 'what is so already is accepted');
SELECT is((SELECT r.rule_version FROM aegis.validation_rules AS r WHERE r.rule_code = 'price_gap'), 2, 'and changes nothing');
SELECT lives_ok(
    pg_temp.change('price_gap', '{"is_enabled": false, "stock_codes": ["005930"], "markets": null, "valid_from": "2026-01-01", "valid_to": null}'),
    'a rule can be switched off and narrowed'
);
SELECT results_eq(
    $$SELECT r.is_enabled, r.stock_codes, r.valid_from, r.valid_to FROM aegis.validation_rules AS r WHERE r.rule_code = 'price_gap'$$,
    $$VALUES (FALSE, '{005930}'::text [], '2026-01-01'::date, 'infinity'::date)$$, 'null is an open end'
);

SELECT throws_ok(pg_temp.change('nothing', '{"threshold": 1}'), 'AEV02', NULL, 'an unknown rule is refused');
SELECT throws_ok(pg_temp.change('price_gap', '{"threshold": 0.3}', ' '), 'AEV03', NULL, 'a change needs a reason');
SELECT throws_ok(pg_temp.change('price_gap', '{}'), 'AEV04', NULL, 'no change is none');
SELECT throws_ok(pg_temp.change('price_gap', '[1]'), 'AEV04', NULL, 'a list is no set of changes');
SELECT throws_ok(pg_temp.change('price_gap', '{"predicate": "true"}'), 'AEV04', NULL, 'a condition cannot be changed: it runs as the owner');
SELECT throws_ok(pg_temp.change('price_gap', '{"minimum_observations": 9}'), 'AEV04', NULL, 'a rule without observations gets none');
SELECT throws_ok(pg_temp.change('price_gap', '{"threshold": -0.2}'), 'AEV05', NULL, 'a negative threshold is nonsense');
SELECT throws_ok(pg_temp.change('price_gap', '{"threshold": "NaN"}'), 'AEV05', NULL, 'NaN is nonsense');
SELECT throws_ok(pg_temp.change('price_gap', '{"threshold": null}'), 'AEV05', NULL, 'no threshold at all is nonsense');
SELECT throws_ok(pg_temp.change('volume_spike', '{"minimum_observations": 1}'), 'AEV05', NULL, 'one observation is no sample');
SELECT throws_ok(pg_temp.change('price_gap', '{"threshold": "much"}'), 'AEV06', NULL, 'a word is no number');
SELECT throws_ok(pg_temp.change('price_gap', '{"severity": "loud"}'), 'AEV06', NULL, 'severities are a closed list');
SELECT throws_ok(pg_temp.change('price_gap', '{"valid_from": "2026-01-02", "valid_to": "2026-01-01"}'), 'AEV06', NULL, 'a period ends after it begins');

-- Each change is an act of the ledger; what is refused, or changes nothing, is none.
SELECT results_eq(
    $$SELECT l.kind COLLATE "default", l.detail -> 'old', l.detail -> 'new', l.detail ->> 'reason'
        FROM (SELECT q.kind, q.ledger_id, q.detail || jsonb_build_object(
                         'old', (q.detail -> 'old') - '{last_updated,updated_by,change_reason}'::text [],
                         'new', (q.detail -> 'new') - '{last_updated,updated_by,change_reason}'::text []) AS detail
                FROM aegis.ledger AS q WHERE q.subject = 'validation rule price_gap') AS l
       ORDER BY l.ledger_id$$,
    $$VALUES ('rule_change', '{"threshold": 0.2, "severity": "warning", "rule_version": 1}'::jsonb,
              '{"threshold": 0.25, "severity": "error", "rule_version": 2}'::jsonb, 'test'),
             ('rule_change', '{"is_enabled": true, "stock_codes": null, "valid_from": "-infinity", "rule_version": 2}',
              '{"is_enabled": false, "stock_codes": ["005930"], "valid_from": "2026-01-01", "rule_version": 3}', 'test')$$,
    'the ledger has both versions of what differs');
SELECT is((SELECT l.done_by FROM (SELECT q.acted_by AS done_by FROM aegis.ledger AS q WHERE q.subject = 'validation rule price_gap' LIMIT 1) AS l), session_user::text,
          'and who did it');
SELECT throws_ok($$DELETE FROM aegis.ledger AS l WHERE l.kind = 'rule_change'$$, NULL, NULL, 'for ever');
CALL aegis.change_breaker_condition('code_critical', '{"threshold": 77}', 'calmer');
SELECT is((SELECT l.detail #>> '{new,threshold}' || ' ' || (l.detail #>> '{old,threshold}' <> '77')::text FROM aegis.ledger AS l WHERE l.subject LIKE 'breaker condition %'),
          '77 true', 'so does it of conditions of circuit breakers');
CALL aegis.change_alert_template('test', 'en', 'A test', 'Sent by {actor}.', 'shorter');
SELECT is((SELECT l.detail #>> '{new,title_en}' || ' ' || (l.detail #>> '{old,title_en}' <> 'A test')::text FROM aegis.ledger AS l WHERE l.subject = 'template test'),
          'A test true', 'and of the texts of alerts');

SELECT * FROM finish();
ROLLBACK;
