-- _refresh_baselines: compute the baselines of the sessions from p_from to p_to for every code with a bar in the days
-- before, in key order, so that two sessions queue and never deadlock. What is computed is the context of a bar that is not there yet.

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
    v_context text := aegis._context_query(
        p_bars => $bars$(
            SELECT DISTINCT d.stock_code, DATE %1$L AS trade_date, d.price_basis, NULL::numeric AS open_price, NULL::numeric AS high_price,
                   NULL::numeric AS low_price, NULL::numeric AS close_price, NULL::bigint AS volume, NULL::numeric AS trade_value,
                   NULL::numeric AS market_cap, NULL::bigint AS listed_shares, NULL::integer AS data_version,
                   NULL::bigint AS batch_number, NULL::numeric AS base_price
              FROM aegis.daily_market_data AS d
             WHERE d.trade_date BETWEEN DATE %1$L - 14 AND DATE %1$L
               AND d.is_active
        )$bars$,
        p_baseline => 'CROSS JOIN LATERAL aegis._baseline(d.stock_code, d.price_basis, d.trade_date, %2$s) AS k',
        p_more => ', k.offer_price, k.leverage, k.actions, k.action_factor'
    );
    v_query text := $query$
        INSERT INTO aegis.validation_baselines AS n (
            trade_date, price_basis, stock_code, quiet_version, lowest_quiet_price, highest_quiet_price, lowest_quiet_close,
            highest_quiet_close, lowest_quiet_volume, highest_quiet_volume, lowest_quiet_last_price, highest_quiet_last_price,
            lowest_quiet_volume_so_far, highest_quiet_volume_so_far, tick_size, previous_date, previous_open, previous_high,
            previous_low, previous_close, previous_volume, previous_shares, observations, mean_volume, sd_volume, volume_quartiles,
            minimum_volume, return_observations, mean_return, sd_return, return_quartiles, market, listing_state, is_first_day,
            offer_price, leverage, is_liquidation, is_halted, actions, action_factor, previous_session, lookback_rows
        )
        SELECT b.trade_date, b.price_basis, b.stock_code, %4$s, p.lowest, p.highest, c.lowest,
               c.highest, v.lowest, v.highest, l.lowest, l.highest,
               s.lowest, s.highest, b.tick_size, b.previous_date, b.previous_open, b.previous_high,
               b.previous_low, b.previous_close, b.previous_volume, b.previous_shares, b.observations, b.mean_volume, b.sd_volume, b.volume_quartiles,
               b.minimum_volume, b.return_observations, b.mean_return, b.sd_return, b.return_quartiles, b.market, b.listing_state, b.is_first_day,
               b.offer_price, b.leverage, b.is_liquidation, b.is_halted, b.actions, b.action_factor, b.previous_session, %2$s
          FROM (%3$s) AS b
          LEFT JOIN LATERAL %5$s AS p (lowest, highest) ON TRUE
          LEFT JOIN LATERAL %6$s AS c (lowest, highest) ON TRUE
          LEFT JOIN LATERAL %7$s AS v (lowest, highest) ON TRUE
          LEFT JOIN LATERAL %8$s AS l (lowest, highest) ON TRUE
          LEFT JOIN LATERAL %9$s AS s (lowest, highest) ON TRUE
         ORDER BY b.price_basis, b.stock_code
        ON CONFLICT (trade_date, price_basis, stock_code) DO UPDATE
           SET is_stale = FALSE,
               quiet_version = excluded.quiet_version,
               lowest_quiet_price = excluded.lowest_quiet_price,
               highest_quiet_price = excluded.highest_quiet_price,
               lowest_quiet_close = excluded.lowest_quiet_close,
               highest_quiet_close = excluded.highest_quiet_close,
               lowest_quiet_volume = excluded.lowest_quiet_volume,
               highest_quiet_volume = excluded.highest_quiet_volume,
               lowest_quiet_last_price = excluded.lowest_quiet_last_price,
               highest_quiet_last_price = excluded.highest_quiet_last_price,
               lowest_quiet_volume_so_far = excluded.lowest_quiet_volume_so_far,
               highest_quiet_volume_so_far = excluded.highest_quiet_volume_so_far,
               tick_size = excluded.tick_size,
               previous_date = excluded.previous_date,
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
        -- The day stands in the text, so that only the partitions of the fourteen days before are planned.
        EXECUTE format(v_query, v_day, v_lookback, format(v_context, v_day, v_lookback), aegis._quiet_version(),
                       aegis._quiet_range('daily_market_data', 'prices'), aegis._quiet_range('daily_market_data', 'closes'),
                       aegis._quiet_range('daily_market_data', 'volumes'), aegis._quiet_range('stock_prices', 'closes'),
                       aegis._quiet_range('stock_prices', 'volumes'));
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
