-- _context_query: the query that sets bars into their context: what the conditions of aegis.validation_rules read as b.
-- There is one text of it, also for the views. p_bars and p_baseline say where the bars (d) and their baselines (k) come from,
-- p_more what else the context says of them, p_from and p_to between which days the bars are at most.
--
-- OFFSET 0 keeps the planner from computing what a step says anew wherever it is read. The steps stand beside the bars, not
-- around them, so a filter on the context still reaches the bars. What only findings need, explanations above all, is no step.

CREATE OR REPLACE FUNCTION aegis._context_query(
    p_bars text,
    p_baseline text,
    p_more text DEFAULT '',
    p_from date DEFAULT '-infinity',
    p_to date DEFAULT 'infinity'
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
    d.base_price AS source_base_price,
    e.expected_base_price AS base_price,
    CASE
        WHEN d.base_price IS NOT NULL THEN 'source'
        WHEN k.is_first_day AND m.ipo_base IS NOT NULL THEN m.ipo_base
        WHEN k.previous_close IS NULL THEN NULL
        WHEN k.action_factor IS NOT NULL THEN 'derived'
        ELSE 'previous_close'
    END AS base_price_origin,
    k.previous_date,
    k.previous_session,
    k.previous_open,
    k.previous_high,
    k.previous_low,
    k.previous_close,
    k.previous_volume,
    k.previous_shares,
    k.observations,
    k.mean_volume,
    k.sd_volume,
    k.volume_quartiles,
    k.minimum_volume,
    k.return_observations,
    k.mean_return,
    k.sd_return,
    k.return_quartiles,
    k.market,
    k.listing_state,
    k.is_first_day,
    k.is_liquidation,
    k.is_halted,
    k.previous_date <> k.previous_session AS is_gap,
    r.price_change,
    r.price_gap,
    CASE WHEN k.sd_volume > 0 THEN (d.volume - k.mean_volume) / k.sd_volume END AS volume_z,
    CASE WHEN k.sd_return > 0 THEN (r.price_change - k.mean_return) / k.sd_return END AS return_z,
    CASE
        WHEN d.price_basis <> 'raw' THEN 'adjusted_prices'
        WHEN t.is_exempt THEN 'liquidation'
        WHEN e.expected_base_price IS NULL THEN 'no_base_price'
        WHEN m.price_limit_pct IS NULL OR m.band_from IS NULL THEN 'no_rule'
    END AS no_limit_reason,
    l.upper_limit,
    l.lower_limit,
    t.tick_size,
    m.band_from,
    m.band_tick,
    m.is_limit_verified AND m.is_tick_verified AS is_rule_verified,
    c.is_open,
    array_remove(
        ARRAY[
            CASE WHEN k.is_liquidation THEN 'liquidation' END,
            CASE WHEN k.is_first_day THEN 'first_listing_day' END
        ]
        || k.actions
        || ARRAY[
            CASE WHEN abs((d.listed_shares::double precision / k.previous_shares)
                          * (d.base_price / k.previous_close)::double precision - 1) <= 0.1
                      AND abs(d.listed_shares::double precision / k.previous_shares - 1) >= 0.05
                 THEN 'share_count_change' END,
            CASE WHEN k.previous_date <> k.previous_session THEN 'missing_session' END,
            CASE WHEN k.previous_volume = 0 AND d.volume > 0 THEN 'resumption' END,
            CASE WHEN k.is_halted THEN 'halt' END
        ],
        NULL
    ) AS explanations%3$s
  FROM %1$s AS d
  LEFT JOIN aegis.trading_calendar AS c ON c.venue = 'XKRX' AND c.trade_date = d.trade_date
 %2$s
  LEFT JOIN aegis._market_days(%4$L, %5$L) AS m ON m.market = k.market AND d.trade_date BETWEEN m.valid_from AND m.valid_to
 CROSS JOIN LATERAL (
    SELECT
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
        ) AS expected_base_price
    OFFSET 0
 ) AS e
 CROSS JOIN LATERAL (
    SELECT
        e.expected_base_price::double precision AS expected_base,
        m.band_tick[width_bucket(e.expected_base_price, m.band_from)] AS tick_size,
        k.is_liquidation AND m.is_liquidation_exempt AS is_exempt
    OFFSET 0
 ) AS t
 CROSS JOIN LATERAL (
    SELECT
        d.close_price::double precision / t.expected_base - 1 AS price_change,
        CASE WHEN d.open_price > 0 THEN d.open_price::double precision / t.expected_base - 1 END AS price_gap,
        aegis._limit_width(e.expected_base_price, m.price_limit_pct * k.leverage, t.tick_size) AS limit_width
    OFFSET 0
 ) AS r
 CROSS JOIN LATERAL (
    SELECT
        CASE WHEN d.price_basis = 'raw' AND NOT t.is_exempt THEN
            CASE WHEN k.is_first_day AND m.ipo_high_pct IS NOT NULL THEN e.expected_base_price * m.ipo_high_pct / 100
                 ELSE p.upper_limit END
        END AS upper_limit,
        CASE WHEN d.price_basis = 'raw' AND NOT t.is_exempt THEN
            CASE WHEN k.is_first_day AND m.ipo_low_pct IS NOT NULL THEN e.expected_base_price * m.ipo_low_pct / 100
                 ELSE p.lower_limit END
        END AS lower_limit
      FROM aegis._limit_prices(e.expected_base_price, r.limit_width, m.band_from, m.band_tick) AS p
    OFFSET 0
 ) AS l
$query$, p_bars, p_baseline, p_more, p_from, p_to)
$function$;

COMMENT ON FUNCTION aegis._context_query(text, text, text, date, date) IS -- noqa: LT01
'Text of the query that sets bars (a relation) into their context; p_baseline is a join that provides k.';

ALTER FUNCTION aegis._context_query(text, text, text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._context_query(text, text, text, date, date) FROM PUBLIC;
