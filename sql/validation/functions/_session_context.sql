-- _session_context: a session as a whole, and the codes whose bar is missing; the text that aegis._judge takes for the
-- target trading_sessions. Nothing is expected of a day that the calendar does not call a session.

CREATE OR REPLACE FUNCTION aegis._session_context(p_date date)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($query$
        WITH pair AS MATERIALIZED (
            SELECT n.stock_code, n.price_basis, n.observations, n.minimum_volume, n.mean_volume, n.previous_date,
                   n.previous_session, n.is_liquidation, n.is_halted, n.actions, n.market, d.volume, d.stock_code IS NOT NULL AS has_bar,
                   n.previous_date = n.previous_session AS has_previous,
                   d.volume > 0 AND n.previous_date = n.previous_session
                       AND (d.volume, d.close_price, d.open_price, d.high_price, d.low_price)
                         = (n.previous_volume, n.previous_close, n.previous_open, n.previous_high, n.previous_low)
                       AS is_repeated
              FROM aegis.validation_baselines AS n
              LEFT JOIN aegis.daily_market_data AS d
                ON d.trade_date = DATE %1$L AND d.stock_code = n.stock_code AND d.price_basis = n.price_basis AND d.is_active
             WHERE n.trade_date = DATE %1$L
               AND aegis.is_trading_day(DATE %1$L)
        ),
        whole AS MATERIALIZED (
            SELECT p.price_basis, count(*) FILTER (WHERE p.has_bar) AS bars,
                   count(*) FILTER (WHERE p.has_previous) AS bars_before,
                   count(*) FILTER (WHERE p.volume > 0 AND p.has_previous) AS traded_bars,
                   count(*) FILTER (WHERE p.is_repeated) AS repeated_bars
              FROM pair AS p
             GROUP BY p.price_basis
        )
        SELECT '*'::text AS stock_code, DATE %1$L AS trade_date, w.price_basis, '' AS slot, 0 AS data_version,
               NULL::bigint AS batch_number, NULL::text AS market, w.bars, w.bars_before, w.traded_bars, w.repeated_bars,
               NULL::integer AS observations, NULL::double precision AS minimum_volume, NULL::double precision AS mean_volume,
               NULL::date AS previous_date, '{}'::text [] AS explanations
          FROM whole AS w
         UNION ALL
        SELECT p.stock_code, DATE %1$L, p.price_basis, '', 0, NULL, p.market, NULL, NULL, NULL, NULL,
               p.observations, p.minimum_volume, p.mean_volume, p.previous_date,
               array_remove(ARRAY[CASE WHEN p.is_liquidation THEN 'liquidation' END, CASE WHEN p.is_halted THEN 'halt' END]
                            || p.actions, NULL)
          FROM pair AS p
          JOIN whole AS w ON w.price_basis = p.price_basis
         WHERE NOT p.has_bar
           AND p.has_previous
           -- Where the session is missing as a whole, that is said once.
           AND w.bars > 0.5 * w.bars_before
    $query$, p_date)
$function$;

COMMENT ON FUNCTION aegis._session_context(date) IS
'Text of the query over a session as a whole and the codes whose bar is missing.';

ALTER FUNCTION aegis._session_context(date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._session_context(date) FROM PUBLIC;
