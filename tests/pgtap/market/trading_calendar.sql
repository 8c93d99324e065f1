-- Market: the calendar knows sessions, holidays and late hours, and says when it does not know.
BEGIN;
SELECT plan(17);

SELECT is(
    (SELECT count(*) FROM aegis.trading_calendar AS c WHERE c.trade_date < '2028-01-01'),
    (DATE '2028-01-01' - DATE '2000-01-01')::bigint, 'it holds every day of 2000 to 2027'
);
SELECT ok(aegis.is_trading_day('2024-02-29'), 'a leap day can be a session');
SELECT ok(NOT aegis.is_trading_day('2024-12-31'), 'the last day of the year is none');
SELECT ok(NOT aegis.is_trading_day('2025-01-27'), 'a temporary holiday is none');
SELECT ok(NOT aegis.is_trading_day('2026-06-03'), 'nor the local elections of 2026');
SELECT ok(NOT aegis.is_trading_day('2026-07-17'), 'nor Constitution Day, a holiday again');
SELECT is(aegis.is_trading_day('1990-01-03'), NULL, 'a day before its beginning is unknown, not closed');
SELECT is(aegis.trading_day_before('2026-06-04'), DATE '2026-06-02', 'the session before skips the holiday');
SELECT is(aegis.trading_day_before('2025-02-03'), DATE '2025-01-31', 'and the weekend');
SELECT is(aegis.trading_day_before('2100-01-04'), NULL, 'it is unknown when days between are unknown');
SELECT is(aegis.trading_day_before('2000-01-01'), NULL, 'and before the beginning');

CREATE FUNCTION pg_temp.hours(p_date date) RETURNS text LANGUAGE sql AS $$
    SELECT c.day_kind || to_char(c.opens_at AT TIME ZONE 'Asia/Seoul', ' HH24:MI')
           || to_char(c.closes_at AT TIME ZONE 'Asia/Seoul', '-HH24:MI')
      FROM aegis.trading_calendar AS c
     WHERE c.trade_date = p_date
$$;
SELECT is(pg_temp.hours('2016-07-29'), 'regular 09:00-15:00', 'until July 2016 the session ended at 15:00');
SELECT is(pg_temp.hours('2016-08-01'), 'regular 09:00-15:30', 'since August 2016 it ends at 15:30');
SELECT is(pg_temp.hours('2015-11-12'), 'late_session 10:00-16:00', 'exam day before that');
SELECT is(pg_temp.hours('2023-01-02'), 'late_open 10:00-15:30', 'the first session of a year opens late');
SELECT is(
    (SELECT string_agg(c.trade_date || ' ' || pg_temp.hours(c.trade_date), ', ' ORDER BY c.trade_date)
       FROM aegis.trading_calendar AS c WHERE c.day_kind = 'late_session' AND c.trade_date >= '2020-01-01'),
    '2020-12-03 late_session 10:00-16:30, 2021-11-18 late_session 10:00-16:30, 2022-11-17 late_session 10:00-16:30, '
    '2023-11-16 late_session 10:00-16:30, 2024-11-14 late_session 10:00-16:30, 2025-11-13 late_session 10:00-16:30, '
    '2026-11-19 late_session 10:00-16:30',
    'exam days are an hour late, also those the library lacks'
);
SELECT throws_ok(
    $$INSERT INTO aegis.trading_calendar (trade_date, is_open, opens_at, closes_at, day_kind, calendar_source)
      VALUES ('2050-01-03', true, '2050-01-03 09:00Z', '2050-01-03 15:30Z', 'regular', 'x')$$, '23514', NULL,
    'hours of another day are refused'
);

SELECT * FROM finish();
ROLLBACK;
