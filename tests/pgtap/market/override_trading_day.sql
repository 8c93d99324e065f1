-- Market: an operator's word about a day outlives every refill, and the former row is kept.
BEGIN;
SELECT plan(14);

SELECT throws_ok($$CALL aegis.override_trading_day('2026-08-18', false, ' ')$$, 'AEK40', NULL, 'no override without reason');
SELECT throws_ok($$CALL aegis.override_trading_day(NULL, false, 'x')$$, 'AEK41', NULL, 'nor without day');
SELECT throws_ok($$CALL aegis.override_trading_day('infinity', false, 'x')$$, 'AEK41', NULL, 'nor for all days');
SELECT throws_ok($$CALL aegis.override_trading_day('2026-08-18', NULL, 'x')$$, 'AEK41', NULL, 'nor without word');
SELECT throws_ok(
    $$CALL aegis.override_trading_day('2026-08-18', false, 'x', '09:00')$$, 'AEK42', NULL, 'a closed day has no hours');
SELECT throws_ok(
    $$CALL aegis.override_trading_day('2026-08-18', true, 'x', '16:00', '15:30')$$, 'AEK42', NULL,
    'a session opens before it closes');

SET LOCAL ROLE aegis_operator;
CALL aegis.override_trading_day('2026-08-18', FALSE, 'temporary holiday');
RESET ROLE;
SELECT results_eq(
    $$SELECT is_open, day_kind, calendar_source, note, data_version FROM aegis.trading_calendar
       WHERE trade_date = '2026-08-18'$$,
    $$VALUES (false, 'closure', 'override', 'temporary holiday', 2)$$, 'the day is closed by override'
);
SELECT results_eq(
    $$SELECT is_open, day_kind, data_version FROM aegis.trading_calendar_history WHERE trade_date = '2026-08-18'$$,
    $$VALUES (true, 'regular', 1)$$, 'what it was is kept'
);
CALL aegis.override_trading_day('2026-08-18', FALSE, 'temporary holiday');
SELECT is((SELECT c.data_version FROM aegis.trading_calendar AS c WHERE c.trade_date = '2026-08-18'), 2,
          'saying it again changes nothing');

CALL aegis.override_trading_day('2027-11-18', TRUE, 'exam', '10:00', '16:30');
SELECT is((SELECT c.day_kind FROM aegis.trading_calendar AS c WHERE c.trade_date = '2027-11-18'), 'late_session',
          'the kind follows from the hours');
CALL aegis.override_trading_day('2040-05-12', TRUE, 'test session');
SELECT ok(aegis.is_trading_day('2040-05-12'), 'a day that the calendar did not know can be said, too');

SELECT results_eq(
    $$SELECT inserted, updated, unchanged, kept FROM aegis.refill_trading_calendar(ARRAY[
          ROW('2026-08-18', true, '2026-08-18 09:00+09', '2026-08-18 15:30+09', 'regular'),
          ROW('2026-08-19', true, '2026-08-19 09:00+09', '2026-08-19 15:30+09', 'regular'),
          ROW('2026-08-20', false, NULL, NULL, 'holiday'),
          ROW('2041-01-01', false, NULL, NULL, 'holiday')
      ]::aegis.trading_day_input[], 'test 1')$$,
    'VALUES (1, 1, 1, 1)', 'a refill counts inserted, updated, unchanged and kept'
);
SELECT ok(NOT aegis.is_trading_day('2026-08-18'), 'and leaves the override alone');
SELECT ok(
    NOT has_function_privilege('aegis_app', 'aegis.override_trading_day(date,boolean,text,time,time,text)', 'EXECUTE'),
    'an application cannot close the exchange'
);

SELECT * FROM finish();
ROLLBACK;
