-- 20-minute bars (20분 봉) of the regular session, from the ticks as they are now: a late or deleted tick changes its bar. Slots are
-- counted from the real opening of the day; the last one holds the closing auction, whose random end may stamp its trade
-- some seconds after the close. Ticks at any other time are bars of the clock, with no slot number.
--
-- Of KRX alone, the venue of the daily bars and base prices they are compared with: trades of NXT, at hours and prices of
-- their own, would change open, close and volume.
--
-- Filter it by trade_date or stock_code; without a filter every tick that is kept is read.

CREATE OR REPLACE VIEW aegis.twenty_minute_bars AS
SELECT
    g.stock_code,
    g.trade_date,
    to_char(g.starts_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI') COLLATE "C" AS slot,
    CASE
        WHEN g.is_regular
            THEN 1 + (extract(EPOCH FROM g.starts_at - g.opens_at) / 1200)::integer
    END AS slot_number,
    g.is_regular AND g.starts_at + INTERVAL '20 minutes' >= g.closes_at AS is_closing_bar,
    g.starts_at,
    CASE
        WHEN g.is_regular THEN least(g.starts_at + INTERVAL '20 minutes', g.closes_at)
        ELSE g.starts_at + INTERVAL '20 minutes'
    END AS ends_at,
    g.prices[1] AS open_price,
    g.high_price,
    g.low_price,
    g.prices[g.tick_count] AS close_price,
    least(g.volume, 9223372036854775807)::bigint AS volume,
    g.trade_value,
    g.tick_count,
    g.first_traded_at,
    g.last_traded_at,
    g.batch_number,
    g.data_version
  FROM (
    SELECT
        t.stock_code,
        t.trade_date,
        s.is_regular,
        s.starts_at,
        c.opens_at,
        c.closes_at,
        array_agg(t.price ORDER BY t.traded_at, t.sequence_number) FILTER (WHERE t.is_current) AS prices,
        max(t.price) FILTER (WHERE t.is_current) AS high_price,
        min(t.price) FILTER (WHERE t.is_current) AS low_price,
        sum(t.volume) FILTER (WHERE t.is_current) AS volume,
        sum(t.price * t.volume) FILTER (WHERE t.is_current) AS trade_value,
        (count(*) FILTER (WHERE t.is_current))::integer AS tick_count,
        min(t.traded_at) FILTER (WHERE t.is_current) AS first_traded_at,
        max(t.traded_at) FILTER (WHERE t.is_current) AS last_traded_at,
        max(t.batch_number) AS batch_number,
        -- Also over bars whose ticks were all deleted: those after them have a version for that too.
        (sum(count(*)) OVER (PARTITION BY t.stock_code, t.trade_date ORDER BY s.starts_at))::integer AS data_version
      FROM (
        SELECT q.stock_code, q.trade_date, q.traded_at, q.sequence_number, q.price, q.volume, q.batch_number, q.is_active AS is_current
          FROM aegis.stock_ticks AS q
         WHERE q.venue = 'XKRX'
         UNION ALL
        -- A tick that was corrected, deleted or restored is one more version of its bar.
        SELECT h.stock_code, h.trade_date, h.traded_at, h.sequence_number, h.price, h.volume, h.batch_number, FALSE
          FROM aegis.stock_ticks_history AS h
         WHERE h.venue = 'XKRX'
      ) AS t
      LEFT JOIN aegis.trading_calendar AS c ON c.venue = 'XKRX' AND c.trade_date = t.trade_date AND c.is_open
     CROSS JOIN LATERAL (
        SELECT coalesce(
            t.traded_at >= c.opens_at
            AND t.traded_at <= c.closes_at + (SELECT aegis.configuration('aegis.closing_grace')::interval), FALSE
        )
     ) AS r (is_regular)
     CROSS JOIN LATERAL (
        SELECT
            r.is_regular,
            CASE
                WHEN r.is_regular THEN least(
                    date_bin(INTERVAL '20 minutes', t.traded_at, c.opens_at),
                    date_bin(INTERVAL '20 minutes', c.closes_at - INTERVAL '1 microsecond', c.opens_at)
                )
                -- Between the close and the next bar of the clock, the bar begins at the close.
                WHEN t.traded_at > c.closes_at
                    THEN greatest(date_bin(INTERVAL '20 minutes', t.traded_at, TIMESTAMPTZ '2000-01-01 00:00:00+09'), c.closes_at)
                ELSE date_bin(INTERVAL '20 minutes', t.traded_at, TIMESTAMPTZ '2000-01-01 00:00:00+09')
            END AS starts_at
     ) AS s
     GROUP BY t.stock_code, t.trade_date, s.is_regular, s.starts_at, c.opens_at, c.closes_at
  ) AS g
 WHERE g.tick_count > 0;

COMMENT ON VIEW aegis.twenty_minute_bars IS
'20-minute bars of KRX by code, trading date and slot, from the ticks as they are now; KRW, as traded. Filter it by trade_date or '
'stock_code.';
COMMENT ON COLUMN aegis.twenty_minute_bars.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.twenty_minute_bars.trade_date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.twenty_minute_bars.slot IS 'Start of the bar (KST, HH:MM), as aegis.findings has it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.slot_number IS
'Place in the regular session, counted from its opening, from 1; null outside of it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.is_closing_bar IS
'Whether it is the last one of the regular session, with the closing auction; it may be shorter.';
COMMENT ON COLUMN aegis.twenty_minute_bars.starts_at IS 'First moment of the bar; a tick at this moment belongs to it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.ends_at IS
'First moment after it; of the closing bar the close, which belongs to it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.open_price IS 'First price, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bars.high_price IS 'Highest price, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bars.low_price IS 'Lowest price, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bars.close_price IS 'Last price, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bars.volume IS 'Shares traded in it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.trade_value IS 'Value traded in it, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bars.tick_count IS 'Trades in it.';
COMMENT ON COLUMN aegis.twenty_minute_bars.first_traded_at IS 'Moment of the first of them.';
COMMENT ON COLUMN aegis.twenty_minute_bars.last_traded_at IS 'Moment of the last of them.';
COMMENT ON COLUMN aegis.twenty_minute_bars.batch_number IS 'Batch that changed it last.';
COMMENT ON COLUMN aegis.twenty_minute_bars.data_version IS
'Versions of ticks of the day up to the end of the bar: a late, corrected, deleted or restored tick makes a new version of '
'its bar and of those after it, which are compared with it.';

ALTER VIEW aegis.twenty_minute_bars OWNER TO aegis_owner;
GRANT SELECT ON aegis.twenty_minute_bars TO aegis_reader;
