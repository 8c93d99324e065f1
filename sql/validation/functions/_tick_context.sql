-- _tick_context: what the rules of ticks read as b: the ticks of p_ticks, a query, that lie in no session of their venue and
-- day, those of a code and venue within the same 20 minutes of the clock as one row.
--
-- The main session of the venue lets nearly every tick go by one join. Only of the codes of the others is it asked what
-- market they belong to, since ETF stay out of sessions of KRX that stocks have. A row that the table does not hold as it is
-- in p_ticks, because the tick was there before, is not judged again.
--
-- The version counts the changes of these ticks and of the calendar of the day, so that a doubt goes with the tick or the
-- hours it was about and comes back with them; a tick more makes no new version.

CREATE OR REPLACE FUNCTION aegis._tick_context(p_ticks text, p_from date, p_to date)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($query$
        WITH session AS MATERIALIZED (
            SELECT h.trade_date, h.market, h.session_kind, h.starts_at, h.ends_at + %4$L::interval AS ends_at
              FROM aegis.session_hours AS h
             WHERE h.trade_date BETWEEN DATE %2$L AND DATE %3$L
               AND h.session_kind NOT IN ('opening_auction', 'closing_auction')
        ),
        off_hours AS MATERIALIZED (
            SELECT w.*, %5$s AS slot, c.data_version + coalesce(n.data_version, 0) AS day_version
              FROM (%1$s) AS w (stock_code, trade_date, venue, traded_at, sequence_number, batch_number)
              JOIN aegis.trading_calendar AS c ON c.venue = 'XKRX' AND c.trade_date = w.trade_date AND c.is_open
              LEFT JOIN aegis.trading_calendar AS n
                ON n.venue = w.venue AND n.trade_date = w.trade_date AND w.venue <> 'XKRX'
              LEFT JOIN session AS m
                ON m.trade_date = w.trade_date
               AND m.market = CASE w.venue WHEN 'XKRX' THEN 'KOSPI' ELSE w.venue END
               AND m.session_kind IN ('regular', 'main_market')
             WHERE (w.traded_at BETWEEN m.starts_at AND m.ends_at) IS NOT TRUE
        ),
        code AS MATERIALIZED (
            SELECT d.stock_code, d.trade_date, f.market
              FROM (SELECT DISTINCT o.stock_code, o.trade_date FROM off_hours AS o) AS d
             CROSS JOIN LATERAL aegis._market_facts(d.stock_code, d.trade_date, d.trade_date) AS f
        ),
        outside AS MATERIALIZED (
            SELECT o.*, k.market
              FROM off_hours AS o
              JOIN code AS k ON k.stock_code = o.stock_code AND k.trade_date = o.trade_date
             WHERE NOT EXISTS (
                SELECT
                  FROM session AS h
                 WHERE h.trade_date = o.trade_date
                   AND h.market = CASE
                        WHEN o.venue <> 'XKRX' THEN o.venue
                        WHEN k.market IN ('KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW') THEN k.market
                        ELSE 'KOSPI'
                   END
                   AND o.traded_at BETWEEN h.starts_at AND h.ends_at
             )
        )
        SELECT o.stock_code, o.trade_date, 'raw'::text AS price_basis, o.slot, o.day_version + coalesce(v.changes, 0) AS data_version,
               max(o.batch_number) AS batch_number, o.market, TRUE AS is_open, NULL::text AS session_kind,
               min(o.traded_at) AS first_traded_at, max(o.traded_at) AS last_traded_at, count(*)::integer AS tick_count,
               '{}'::text [] AS explanations
          FROM outside AS o
         -- LIMIT, so that it is a look-up by key for the few that are left.
         CROSS JOIN LATERAL (
            SELECT
              FROM aegis.stock_ticks AS t
             WHERE t.stock_code = o.stock_code
               AND t.trade_date = o.trade_date
               AND t.trade_date BETWEEN DATE %2$L AND DATE %3$L
               AND t.venue = o.venue
               AND t.traded_at = o.traded_at
               AND t.sequence_number = o.sequence_number
               AND t.batch_number = o.batch_number
               AND t.is_active
             LIMIT 1
          ) AS t
          LEFT JOIN (
            SELECT w.stock_code, w.trade_date, %5$s AS slot, count(*)::integer AS changes
              FROM aegis.stock_ticks_history AS w
             WHERE w.trade_date BETWEEN DATE %2$L AND DATE %3$L
             GROUP BY 1, 2, 3
          ) AS v ON v.stock_code = o.stock_code AND v.trade_date = o.trade_date AND v.slot = o.slot
         GROUP BY o.stock_code, o.trade_date, o.slot, o.day_version, o.market, v.changes
        $query$,
        p_ticks, p_from, p_to, aegis.configuration('aegis.closing_grace')::interval,
        $slot$to_char(date_bin(INTERVAL '20 minutes', w.traded_at, TIMESTAMPTZ '2000-01-01 00:00:00+09') AT TIME ZONE 'Asia/Seoul',
                      'HH24:MI') || CASE w.venue WHEN 'XKRX' THEN '' ELSE ' ' || w.venue END$slot$)
$function$;

COMMENT ON FUNCTION aegis._tick_context(text, date, date) IS -- noqa: LT01
'Query of the ticks in no session of their venue and day, by code, venue and 20 minutes, as the rules of ticks read them.';

ALTER FUNCTION aegis._tick_context(text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._tick_context(text, date, date) FROM PUBLIC;
