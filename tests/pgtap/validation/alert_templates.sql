-- Validation: an alert says the same in both languages, and a text that would lose something is refused.
BEGIN;
SELECT plan(15);

SELECT is(aegis._placeholders('{b} {a} {b}'), '{a,b}', 'placeholders are found, each once');
SELECT is(aegis._render_template('{a}/{b}/{a}', 'en', '{"a": "{b}", "b": 1}'), '{b}/1/{b}',
          'a value that looks like a placeholder is text');
SELECT is(aegis._render_template('[{a}]', 'ko', '{"a": {"en": "code", "ko": "종목"}}'), '[종목]',
          'a value may speak both languages');
SELECT is(aegis._render_template('{a} {b}', 'en', '{"b": null}'), '- -', 'what is missing is a dash');
SELECT is(aegis._render_template('{a}', 'en', jsonb_build_object('a', E'x\r\nBcc: y')), 'x Bcc: y',
          'a value cannot begin another line');
SELECT is(aegis._render_template('none', 'en', '{}'), 'none', 'a text without placeholders stays');

SELECT is_empty(
    $$SELECT alert_kind FROM aegis.alert_templates
       WHERE aegis._placeholders(title_en || body_en) <> aegis._placeholders(title_ko || body_ko)
          OR title_ko !~ '[가-힣]' OR body_ko !~ '[가-힣]'$$,
    'every installed text is there in Korean, with the same placeholders');
SELECT throws_ok($$CALL aegis.change_alert_template('finding', 'ko', '제목', '{rule_code}', 'x')$$, 'AEV60', NULL,
                 'a text that loses the code is refused');
SELECT throws_ok($$CALL aegis.change_alert_template('test', 'en', 'Test {actor}', '{secret}', 'x')$$, 'AEV60', NULL,
                 'so is one with a placeholder nobody fills');
SELECT throws_ok($$CALL aegis.change_alert_template('test', 'en', E'a\nb', '{actor}', 'x')$$, 'AEV60', NULL,
                 'and a title of two lines');
SELECT throws_ok($$CALL aegis.change_alert_template('tset', 'en', 'a', '{actor}', 'x')$$, 'AEV61', NULL,
                 'there is no such kind');
SELECT throws_ok($$CALL aegis.change_alert_template('test', 'jp', 'a', '{actor}', 'x')$$, 'AEV62', NULL,
                 'nor such a language');
SELECT throws_ok($$CALL aegis.change_alert_template('test', 'en', 'a', '{actor}', ' ')$$, 'AEV63', NULL,
                 'a reason is asked for');
CALL aegis.change_alert_template('test', 'ko', '시험', '{actor} 님의 시험 알림입니다.', '짧게');
SELECT is((SELECT array_agg(h.title_ko || '>' || t.title_ko) FROM aegis.alert_templates AS t
             JOIN aegis.alert_templates_history AS h USING (alert_kind)), '{AEGIS 시험 알림>시험}',
          'a change keeps the former text');
SELECT throws_ok($$DELETE FROM aegis.alert_templates$$, 'AEP01', NULL, 'no text is deleted');

SELECT * FROM finish();
ROLLBACK;
