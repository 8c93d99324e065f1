-- _context_query: the query that sets bars into their context: what the conditions of aegis.validation_rules read as b.
-- There is one text of it, also for the views. p_bars and p_baseline say where the bars (d) and their baselines (k) come from,
-- p_columns which further columns of the bars the context carries, p_more what it says of them.
--
-- p_fence: 'OFFSET 0' keeps the planner from computing a column anew wherever it is read, and a filter on the context from
-- reaching the bars; so the views have none. What only findings need, explanations above all, stands outside of the fences.

CREATE OR REPLACE FUNCTION aegis._context_query(
    p_bars text,
    p_baseline text,
    p_more text DEFAULT '',
    p_columns text DEFAULT '',
    p_fence text DEFAULT 'OFFSET 0'
)
RETURNS text
LANGUAGE sql
IMMUTABLE
AS $function$
    SELECT format($query$
SELECT
    d.stock_code,
    d.trade_date,
    d.price_basis,
    d.open_price,
    d.high_price,
    d.low_price,
    d.close_price,
    d.volume,
    d.trade_value,
    d.market_cap,
    d.listed_shares,
    d.data_version,
    d.batch_number,
    d.source_base_price,
    d.expected_base_price AS base_price,
    CASE
        WHEN d.source_base_price IS NOT NULL THEN 'source'
        WHEN d.is_first_day AND d.ipo_base IS NOT NULL THEN d.ipo_base
        WHEN d.previous_close IS NULL THEN NULL
        WHEN d.action_factor IS NOT NULL THEN 'derived'
        ELSE 'previous_close'
    END AS base_price_origin,
    d.previous_date,
    d.previous_session,
    d.previous_open,
    d.previous_high,
    d.previous_low,
    d.previous_close,
    d.previous_volume,
    d.previous_shares,
    d.observations,
    d.mean_volume,
    d.sd_volume,
    d.volume_quartiles,
    d.minimum_volume,
    d.return_observations,
    d.mean_return,
    d.sd_return,
    d.return_quartiles,
    d.market,
    d.listing_state,
    d.is_first_day,
    d.is_liquidation,
    d.is_halted,
    d.previous_date <> d.previous_session AS is_gap,
    d.price_change,
    d.price_gap,
    CASE WHEN d.sd_volume > 0 THEN (d.volume - d.mean_volume) / d.sd_volume END AS volume_z,
    CASE WHEN d.sd_return > 0 THEN (d.price_change - d.mean_return) / d.sd_return END AS return_z,
    CASE
        WHEN d.price_basis <> 'raw' THEN 'adjusted_prices'
        WHEN d.is_exempt THEN 'liquidation'
        WHEN d.expected_base_price IS NULL THEN 'no_base_price'
        WHEN d.price_limit_pct IS NULL OR d.band_from IS NULL THEN 'no_rule'
    END AS no_limit_reason,
    d.upper_limit,
    d.lower_limit,
    d.tick_size,
    d.band_from,
    d.band_tick,
    d.is_rule_verified,
    d.is_open,
    array_remove(
        ARRAY[
            CASE WHEN d.is_liquidation THEN 'liquidation' END,
            CASE WHEN d.is_first_day THEN 'first_listing_day' END
        ]
        || d.actions
        || ARRAY[
            CASE WHEN abs((d.listed_shares::double precision / d.previous_shares)
                          * (d.source_base_price / d.previous_close)::double precision - 1) <= 0.1
                      AND abs(d.listed_shares::double precision / d.previous_shares - 1) >= 0.05
                 THEN 'share_count_change' END,
            CASE WHEN d.previous_date <> d.previous_session THEN 'missing_session' END,
            CASE WHEN d.previous_volume = 0 AND d.volume > 0 THEN 'resumption' END,
            CASE WHEN d.is_halted THEN 'halt' END
        ],
        NULL
    ) AS explanations%3$s
  FROM (
    SELECT
        t.*,
        CASE WHEN t.price_basis = 'raw' AND NOT t.is_exempt THEN
            CASE WHEN t.is_first_day AND t.ipo_high_pct IS NOT NULL THEN t.expected_base_price * t.ipo_high_pct / 100
                 ELSE l.upper_limit END
        END AS upper_limit,
        CASE WHEN t.price_basis = 'raw' AND NOT t.is_exempt THEN
            CASE WHEN t.is_first_day AND t.ipo_low_pct IS NOT NULL THEN t.expected_base_price * t.ipo_low_pct / 100
                 ELSE l.lower_limit END
        END AS lower_limit
      FROM (
        SELECT
            u.*,
            u.close_price::double precision / u.expected_base - 1 AS price_change,
            CASE WHEN u.open_price > 0 THEN u.open_price::double precision / u.expected_base - 1 END AS price_gap,
            aegis._limit_width(u.expected_base_price, u.price_limit_pct * u.leverage, u.tick_size) AS limit_width
          FROM (
            SELECT
                u.*,
                u.expected_base_price::double precision AS expected_base,
                u.band_tick[width_bucket(u.expected_base_price, u.band_from)] AS tick_size
              FROM (
                SELECT
                    d.stock_code, d.trade_date, d.price_basis, d.open_price, d.high_price, d.low_price, d.close_price,
                    d.volume, d.trade_value, d.market_cap, d.listed_shares, d.data_version, d.batch_number, d.base_price AS source_base_price,
                    k.previous_date, k.previous_session, k.previous_open, k.previous_high, k.previous_low,
                    k.previous_close, k.previous_volume, k.previous_shares, k.observations, k.mean_volume, k.sd_volume,
                    k.volume_quartiles, k.minimum_volume, k.return_observations, k.mean_return, k.sd_return,
                    k.return_quartiles, k.market, k.listing_state, k.is_first_day, k.offer_price, k.leverage,
                    k.is_liquidation, k.is_halted, k.actions, k.action_factor,
                    k.is_liquidation AND m.is_liquidation_exempt AS is_exempt,
                    m.ipo_base,
                    m.ipo_low_pct,
                    m.ipo_high_pct,
                    m.price_limit_pct,
                    m.band_from,
                    m.band_tick,
                    m.is_limit_verified AND m.is_tick_verified AS is_rule_verified,
                    c.is_open,
                    coalesce(
                        d.base_price,
                        CASE WHEN k.is_first_day
                             THEN CASE m.ipo_base WHEN 'offer_price' THEN k.offer_price
                                                  WHEN 'opening_price' THEN nullif(d.open_price, 0) END
                        END,
                        CASE
                            WHEN k.action_factor IS NULL THEN k.previous_close
                            -- KRX rounds a theoretical price up to its tick.
                            WHEN d.price_basis = 'raw' AND m.band_from IS NOT NULL
                                THEN ceil(k.previous_close * round(k.action_factor::numeric, 9)
                                          / m.band_tick[width_bucket(k.previous_close * round(k.action_factor::numeric, 9), m.band_from)])
                                     * m.band_tick[width_bucket(k.previous_close * round(k.action_factor::numeric, 9), m.band_from)]
                            ELSE round(k.previous_close * k.action_factor::numeric, 2)
                        END
                    ) AS expected_base_price%5$s
                  FROM %1$s AS d
                  LEFT JOIN aegis.trading_calendar AS c ON c.venue = 'XKRX' AND c.trade_date = d.trade_date
                 %2$s
                  LEFT JOIN aegis._market_days() AS m ON m.market = k.market AND d.trade_date BETWEEN m.valid_from AND m.valid_to
                %4$s
              ) AS u
            %4$s
          ) AS u
        %4$s
      ) AS t
      LEFT JOIN LATERAL aegis._limit_prices(t.expected_base_price, t.limit_width, t.band_from, t.band_tick) AS l ON TRUE
    %4$s
  ) AS d
$query$, p_bars, p_baseline, p_more, p_fence, p_columns)
$function$;

COMMENT ON FUNCTION aegis._context_query(text, text, text, text, text) IS -- noqa: LT01
'Text of the query that sets bars (a relation) into their context; p_baseline is a join that provides k.';

ALTER FUNCTION aegis._context_query(text, text, text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._context_query(text, text, text, text, text) FROM PUBLIC;
