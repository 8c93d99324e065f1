-- _refresh_baselines: compute the baselines of the sessions from p_from to p_to for every code with a bar in the days
-- before, in key order, so that two sessions queue and never deadlock.

CREATE OR REPLACE FUNCTION aegis._refresh_baselines(
    p_from date,
    p_to date
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_lookback integer := aegis.configuration('aegis.report_lookback_rows')::integer;
    v_day date;
    v_rows bigint;
    v_total bigint := 0;
    v_query text := $query$
        INSERT INTO aegis.validation_baselines AS n (
            trade_date, price_basis, stock_code, previous_date, previous_open, previous_high, previous_low,
            previous_close, previous_volume, previous_shares, observations, mean_volume, sd_volume, volume_quartiles,
            minimum_volume, return_observations, mean_return, sd_return, return_quartiles, market, listing_state,
            is_first_day, offer_price, leverage, is_liquidation, is_halted, actions, action_factor, previous_session,
            lookback_rows
        )
        SELECT %1$L, c.price_basis, c.stock_code, k.*, %2$s
          FROM (
            SELECT DISTINCT d.price_basis, d.stock_code
              FROM aegis.daily_market_data AS d
             WHERE d.trade_date BETWEEN DATE %1$L - 14 AND DATE %1$L
               AND d.is_active
          ) AS c
         CROSS JOIN LATERAL aegis._baseline(c.stock_code, c.price_basis, DATE %1$L, %2$s) AS k
         ORDER BY c.price_basis, c.stock_code
        ON CONFLICT (trade_date, price_basis, stock_code) DO UPDATE
           SET previous_date = excluded.previous_date,
               previous_open = excluded.previous_open,
               previous_high = excluded.previous_high,
               previous_low = excluded.previous_low,
               previous_close = excluded.previous_close,
               previous_volume = excluded.previous_volume,
               previous_shares = excluded.previous_shares,
               observations = excluded.observations,
               mean_volume = excluded.mean_volume,
               sd_volume = excluded.sd_volume,
               volume_quartiles = excluded.volume_quartiles,
               minimum_volume = excluded.minimum_volume,
               return_observations = excluded.return_observations,
               mean_return = excluded.mean_return,
               sd_return = excluded.sd_return,
               return_quartiles = excluded.return_quartiles,
               market = excluded.market,
               listing_state = excluded.listing_state,
               is_first_day = excluded.is_first_day,
               offer_price = excluded.offer_price,
               leverage = excluded.leverage,
               is_liquidation = excluded.is_liquidation,
               is_halted = excluded.is_halted,
               actions = excluded.actions,
               action_factor = excluded.action_factor,
               previous_session = excluded.previous_session,
               lookback_rows = excluded.lookback_rows,
               is_stale = FALSE,
               computed_at = clock_timestamp()
    $query$;
BEGIN
    PERFORM aegis._lock_baselines(TRUE);

    FOR v_day IN
        SELECT c.trade_date
          FROM aegis.trading_calendar AS c
         WHERE c.venue = 'XKRX' AND c.trade_date BETWEEN p_from AND p_to AND c.is_open
         UNION
        SELECT p_to WHERE p_from = p_to
         ORDER BY 1
    LOOP
        -- The day stands in the text, so that only the partitions of the look-back are planned.
        EXECUTE format(v_query, v_day, v_lookback);
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_total := v_total + v_rows;
    END LOOP;
    RETURN v_total;
END;
$function$;

COMMENT ON FUNCTION aegis._refresh_baselines(date, date) IS -- noqa: LT01
'Computes the baselines of the sessions in a range and returns their number.';

ALTER FUNCTION aegis._refresh_baselines(date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._refresh_baselines(date, date) FROM PUBLIC;
