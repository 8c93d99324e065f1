-- When each session of a day really is: the dated hours of aegis.market_sessions, moved by what the calendar says of the
-- day. A day that opens or closes at another time moves the sessions around it; evening sessions keep their end.
--
-- NXT trades on the days of KRX, unless the calendar closes it alone, and follows its hours. On a day that opens late it has
-- no pre-market, and its after-market begins at the late close instead of ten minutes later.

CREATE OR REPLACE VIEW aegis.session_hours AS
WITH market (market, rules_of, hours_of) AS (
    VALUES
    ('KOSPI', 'KOSPI', 'KOSPI'), ('KOSDAQ', 'KOSDAQ', 'KOSDAQ'), ('KONEX', 'KONEX', 'KONEX'),
    ('ETF', 'KOSPI', 'KOSPI'), ('ETN', 'KOSPI', 'KOSPI'), ('ELW', 'KOSPI', 'KOSPI'), ('NXT', 'NXT', 'KOSPI')
)

SELECT c.trade_date, m.market, 'regular' AS session_kind, c.opens_at AS starts_at, c.closes_at AS ends_at
  FROM aegis.trading_calendar AS c
 CROSS JOIN market AS m
 WHERE c.venue = 'XKRX'
   AND c.is_open
   AND m.market <> 'NXT'
 UNION ALL
SELECT c.trade_date, m.market, s.session_kind, h.starts_at, h.ends_at
  FROM aegis.trading_calendar AS c
 CROSS JOIN market AS m
  JOIN aegis.market_sessions AS r
    ON r.market = m.hours_of AND r.session_kind = 'regular' AND c.trade_date BETWEEN r.valid_from AND r.valid_to
  JOIN aegis.market_sessions AS s
    ON s.market = m.rules_of AND s.session_kind <> 'regular' AND c.trade_date BETWEEN s.valid_from AND s.valid_to
   AND array_position(s.excluded_kinds, m.market) IS NULL
 CROSS JOIN LATERAL (
    SELECT
        c.opens_at - (c.trade_date + r.starts) AT TIME ZONE 'Asia/Seoul' AS opening,
        c.closes_at - (c.trade_date + r.ends) AT TIME ZONE 'Asia/Seoul' AS closing
 ) AS d
 CROSS JOIN LATERAL (
    SELECT
        (c.trade_date + s.starts) AT TIME ZONE 'Asia/Seoul'
        + CASE
            WHEN s.starts < r.starts OR s.session_kind = 'main_market' THEN d.opening
            WHEN m.market = 'NXT' AND d.closing > INTERVAL '0' THEN d.closing - INTERVAL '10 minutes'
            ELSE d.closing
        END AS starts_at,
        (c.trade_date + s.ends) AT TIME ZONE 'Asia/Seoul'
        + CASE
            WHEN s.starts < r.starts THEN d.opening
            WHEN s.session_kind IN ('closing_auction', 'after_hours_close', 'main_market') THEN d.closing
            ELSE INTERVAL '0'
        END AS ends_at
 ) AS h
 WHERE c.venue = 'XKRX'
   AND c.is_open
   AND h.starts_at < h.ends_at
   AND NOT (s.session_kind = 'pre_market' AND d.opening > INTERVAL '0')
   AND NOT EXISTS (
    SELECT FROM aegis.trading_calendar AS n WHERE n.venue = m.market AND n.trade_date = c.trade_date AND NOT n.is_open
   );

COMMENT ON VIEW aegis.session_hours IS
'Sessions of every trading day as they really are, late openings and short days included; filter it by trade_date.';
COMMENT ON COLUMN aegis.session_hours.trade_date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.session_hours.market IS
'KOSPI, KOSDAQ or KONEX; ETF, ETN and ELW keep the sessions of KOSPI they take part in; NXT: all that trades there.';
COMMENT ON COLUMN aegis.session_hours.session_kind IS 'regular, or another kind of aegis.market_sessions.';
COMMENT ON COLUMN aegis.session_hours.starts_at IS 'First moment of the session.';
COMMENT ON COLUMN aegis.session_hours.ends_at IS 'Last moment of the session.';

ALTER VIEW aegis.session_hours OWNER TO aegis_owner;
GRANT SELECT ON aegis.session_hours TO aegis_reader;
