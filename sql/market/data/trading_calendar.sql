-- KRX from 2000 to 2027, as exchange_calendars 4.13.2 (XKRX) knows it, so that a database without
-- Python has a calendar; tests/python/test_calendar.py compares the two day by day. The days on
-- which that calendar is known to be wrong are overrides. `aegis-db calendar sync` goes on from here.

WITH holiday AS (
    SELECT (h.year || '-' || d.month_day)::date AS trade_date
      FROM (
        VALUES
            ('2000', '01-03 02-04 03-01 04-05 04-13 05-01 05-05 05-11 06-06 07-17 08-15 09-11'
                ' 09-12 09-13 10-03 12-25 12-27 12-28 12-29'),
            ('2001', '01-01 01-23 01-24 01-25 03-01 04-05 05-01 06-06 07-17 08-15 10-01 10-02'
                ' 10-03 12-25 12-31'),
            ('2002', '01-01 02-11 02-12 02-13 03-01 04-05 05-01 06-06 06-13 07-01 07-17 08-15'
                ' 09-20 10-03 12-19 12-25 12-31'),
            ('2003', '01-01 01-31 05-01 05-05 05-08 06-06 07-17 08-15 09-10 09-11 09-12 10-03'
                ' 12-25 12-31'),
            ('2004', '01-01 01-21 01-22 01-23 03-01 04-05 04-15 05-05 05-26 09-27 09-28 09-29'
                ' 12-31'),
            ('2005', '02-08 02-09 02-10 03-01 04-05 05-05 06-06 08-15 09-19 10-03 12-30'),
            ('2006', '01-30 03-01 05-01 05-05 05-31 06-06 07-17 08-15 10-03 10-05 10-06 12-25'
                ' 12-29'),
            ('2007', '01-01 02-19 03-01 05-01 05-24 06-06 07-17 08-15 09-24 09-25 09-26 10-03'
                ' 12-19 12-25 12-31'),
            ('2008', '01-01 02-06 02-07 02-08 04-09 05-01 05-05 05-12 06-06 08-15 09-15 10-03'
                ' 12-25 12-31'),
            ('2009', '01-01 01-26 01-27 05-01 05-05 10-02 12-25 12-31'),
            ('2010', '01-01 02-15 03-01 05-05 05-21 06-02 09-21 09-22 09-23 12-31'),
            ('2011', '02-02 02-03 02-04 03-01 05-05 05-10 06-06 08-15 09-12 09-13 10-03 12-30'),
            ('2012', '01-23 01-24 03-01 04-11 05-01 05-28 06-06 08-15 10-01 10-03 12-19 12-25'
                ' 12-31'),
            ('2013', '01-01 02-11 03-01 05-01 05-17 06-06 08-15 09-18 09-19 09-20 10-03 10-09'
                ' 12-25 12-31'),
            ('2014', '01-01 01-30 01-31 05-01 05-05 05-06 06-04 06-06 08-15 09-08 09-09 09-10'
                ' 10-03 10-09 12-25 12-31'),
            ('2015', '01-01 02-18 02-19 02-20 05-01 05-05 05-25 08-14 09-28 09-29 10-09 12-25'
                ' 12-31'),
            ('2016', '01-01 02-08 02-09 02-10 03-01 04-13 05-05 05-06 06-06 08-15 09-14 09-15'
                ' 09-16 10-03 12-30'),
            ('2017', '01-27 01-30 03-01 05-01 05-03 05-05 05-09 06-06 08-15 10-02 10-03 10-04'
                ' 10-05 10-06 10-09 12-25 12-29'),
            ('2018', '01-01 02-15 02-16 03-01 05-01 05-07 05-22 06-06 06-13 08-15 09-24 09-25'
                ' 09-26 10-03 10-09 12-25 12-31'),
            ('2019', '01-01 02-04 02-05 02-06 03-01 05-01 05-06 06-06 08-15 09-12 09-13 10-03'
                ' 10-09 12-25 12-31'),
            ('2020', '01-01 01-24 01-27 04-15 04-30 05-01 05-05 08-17 09-30 10-01 10-02 10-09'
                ' 12-25 12-31'),
            ('2021', '01-01 02-11 02-12 03-01 05-05 05-19 08-16 09-20 09-21 09-22 10-04 10-11'
                ' 12-31'),
            ('2022', '01-31 02-01 02-02 03-01 03-09 05-05 06-01 06-06 08-15 09-09 09-12 10-03'
                ' 10-10 12-30'),
            ('2023', '01-23 01-24 03-01 05-01 05-05 05-29 06-06 08-15 09-28 09-29 10-02 10-03'
                ' 10-09 12-25 12-29'),
            ('2024', '01-01 02-09 02-12 03-01 04-10 05-01 05-06 05-15 06-06 08-15 09-16 09-17'
                ' 09-18 10-01 10-03 10-09 12-25 12-31'),
            ('2025', '01-01 01-27 01-28 01-29 01-30 03-03 05-01 05-05 05-06 06-03 06-06 08-15'
                ' 10-03 10-06 10-07 10-08 10-09 12-25 12-31'),
            ('2026', '01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 08-17 09-24 09-25 10-05'
                ' 10-09 12-25 12-31'),
            ('2027', '01-01 02-08 02-09 03-01 05-05 05-13 08-16 09-14 09-15 09-16 10-04 10-11'
                ' 12-27 12-31')
      ) AS h (year, month_days)
     CROSS JOIN LATERAL unnest(string_to_array(h.month_days, ' ')) AS d (month_day)
),

-- University entrance exam (수능): everything is an hour later. In 2017 an earthquake moved the exam
-- on its eve, and the market kept the late hours of both days.
exam AS (
    SELECT unnest(ARRAY[
            '2000-11-15', '2001-11-07', '2002-11-06', '2003-11-05', '2004-11-17', '2005-11-23',
            '2006-11-16', '2007-11-15', '2008-11-13', '2009-11-12', '2010-11-18', '2011-11-10',
            '2012-11-08', '2013-11-07', '2014-11-13', '2015-11-12', '2016-11-17', '2017-11-16',
            '2017-11-23', '2018-11-15', '2019-11-14', '2020-12-03'
    ]::date []) AS trade_date
),

override AS (
    SELECT o.trade_date, o.day_kind, o.note
      FROM (
        VALUES
        (DATE '2021-11-18', 'late_session', 'university entrance exam'),
        (DATE '2022-11-17', 'late_session', 'university entrance exam'),
        (DATE '2023-11-16', 'late_session', 'university entrance exam'),
        (DATE '2024-11-14', 'late_session', 'university entrance exam'),
        (DATE '2025-11-13', 'late_session', 'university entrance exam'),
        (DATE '2026-06-03', 'holiday', 'local elections'),
        (DATE '2026-07-17', 'holiday', 'Constitution Day, a public holiday again from 2026 on'),
        (DATE '2026-11-19', 'late_session', 'university entrance exam')
      ) AS o (trade_date, day_kind, note)
),

known AS (
    SELECT
        g.day::date AS trade_date,
        CASE
            WHEN extract(ISODOW FROM g.day) > 5 THEN 'weekend'
            WHEN h.trade_date IS NOT NULL THEN 'holiday'
            WHEN e.trade_date IS NOT NULL THEN 'late_session'
            -- The first session of a year begins an hour late and ends as ever.
            WHEN g.day > DATE '2001-01-01'
                AND row_number() OVER (
                    PARTITION BY
                        extract(YEAR FROM g.day),
                        extract(ISODOW FROM g.day) > 5 OR h.trade_date IS NOT NULL
                    ORDER BY g.day
                ) = 1 THEN 'late_open'
            ELSE 'regular'
        END AS day_kind
      FROM generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2027-12-31', INTERVAL '1 day') AS g (day)
      LEFT JOIN holiday AS h ON h.trade_date = g.day
      LEFT JOIN exam AS e ON e.trade_date = g.day
),

day AS (
    SELECT
        k.trade_date,
        coalesce(o.day_kind, k.day_kind) AS day_kind,
        o.note,
        CASE
            WHEN o.trade_date IS NULL THEN 'exchange_calendars 4.13.2'
            ELSE 'override'
        END AS calendar_source,
        coalesce(o.day_kind, k.day_kind) NOT IN ('weekend', 'holiday') AS is_open,
        CASE WHEN k.trade_date < DATE '2016-08-01' THEN TIME '15:00' ELSE TIME '15:30' END AS closing_time
      FROM known AS k
      LEFT JOIN override AS o ON o.trade_date = k.trade_date
)

INSERT INTO aegis.trading_calendar (
    venue, trade_date, is_open, opens_at, closes_at, day_kind, calendar_source, note
)
SELECT
    'XKRX',
    d.trade_date,
    d.is_open,
    CASE WHEN d.is_open THEN (
        d.trade_date + CASE WHEN d.day_kind = 'regular' THEN TIME '09:00' ELSE TIME '10:00' END
    ) AT TIME ZONE 'Asia/Seoul' END,
    CASE WHEN d.is_open THEN (
        d.trade_date + d.closing_time
        + CASE WHEN d.day_kind = 'late_session' THEN INTERVAL '1 hour' ELSE INTERVAL '0' END
    ) AT TIME ZONE 'Asia/Seoul' END,
    d.day_kind,
    d.calendar_source,
    d.note
  FROM day AS d
 ORDER BY d.trade_date
ON CONFLICT (venue, trade_date) DO NOTHING;
