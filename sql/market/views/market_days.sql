-- The rules of every market, one row per market and period in which nothing changes: what an evaluation of many bars
-- joins with, instead of asking for each rule of each bar. Bands are arrays for width_bucket.

CREATE OR REPLACE VIEW aegis.market_days AS
WITH change (market, valid_from) AS (
    SELECT t.market, t.valid_from FROM aegis.tick_sizes AS t
    UNION
    SELECT t.market, t.valid_to + 1 FROM aegis.tick_sizes AS t WHERE isfinite(t.valid_to)
    UNION
    SELECT r.market, r.valid_from FROM aegis.market_rules AS r
    UNION
    SELECT r.market, r.valid_to + 1 FROM aegis.market_rules AS r WHERE isfinite(r.valid_to)
),

period AS (
    SELECT
        c.market,
        c.valid_from,
        coalesce(lead(c.valid_from) OVER (PARTITION BY c.market ORDER BY c.valid_from) - 1, 'infinity') AS valid_to
      FROM change AS c
)

SELECT
    p.market,
    p.valid_from,
    p.valid_to,
    r.price_limit_pct,
    r.is_limit_verified,
    r.ipo_base,
    r.ipo_low_pct,
    r.ipo_high_pct,
    coalesce(r.is_liquidation_exempt, FALSE) AS is_liquidation_exempt,
    b.band_from,
    b.band_tick,
    b.is_tick_verified
  FROM period AS p
 CROSS JOIN LATERAL (
    SELECT
        max(m.numeric_value) FILTER (WHERE m.rule_name = 'price_limit_pct') AS price_limit_pct,
        bool_and(m.mark <> 'unverified') FILTER (WHERE m.rule_name = 'price_limit_pct') AS is_limit_verified,
        max(m.text_value) FILTER (WHERE m.rule_name = 'ipo_base') AS ipo_base,
        max(m.numeric_value) FILTER (WHERE m.rule_name = 'ipo_low_pct_of_offer') AS ipo_low_pct,
        max(m.numeric_value) FILTER (WHERE m.rule_name = 'ipo_high_pct_of_offer') AS ipo_high_pct,
        bool_or(m.text_value = 'true') FILTER (WHERE m.rule_name = 'liquidation_price_limit_exempt')
            AS is_liquidation_exempt
      FROM aegis.market_rules AS m
     WHERE m.market = p.market
       AND p.valid_from BETWEEN m.valid_from AND m.valid_to
 ) AS r
 CROSS JOIN LATERAL (
    SELECT
        array_agg(t.price_from ORDER BY t.price_from) AS band_from,
        array_agg(t.tick_size ORDER BY t.price_from) AS band_tick,
        bool_and(t.mark <> 'unverified') AS is_tick_verified
      FROM aegis.tick_sizes AS t
     WHERE t.market = p.market
       AND p.valid_from BETWEEN t.valid_from AND t.valid_to
 ) AS b;

COMMENT ON VIEW aegis.market_days IS
'Limit, ticks and exceptions of every market by period; one row covers a day, inclusive days.';
COMMENT ON COLUMN aegis.market_days.market IS 'Market, see aegis.rule_market.';
COMMENT ON COLUMN aegis.market_days.valid_from IS 'First trading date of the period.';
COMMENT ON COLUMN aegis.market_days.valid_to IS 'Last trading date of the period.';
COMMENT ON COLUMN aegis.market_days.price_limit_pct IS 'Daily price limit in percent of the base price; null: unknown.';
COMMENT ON COLUMN aegis.market_days.is_limit_verified IS 'Whether the limit is published or observed.';
COMMENT ON COLUMN aegis.market_days.ipo_base IS 'Base of a first listing day: offer_price or opening_price; null: no such rule.';
COMMENT ON COLUMN aegis.market_days.ipo_low_pct IS 'Lowest price of a first listing day in percent of the offer price; null: the ordinary limit.';
COMMENT ON COLUMN aegis.market_days.ipo_high_pct IS 'Highest price of a first listing day in percent of the offer price; null: the ordinary limit.';
COMMENT ON COLUMN aegis.market_days.is_liquidation_exempt IS 'Whether liquidation trading knows no limit.';
COMMENT ON COLUMN aegis.market_days.band_from IS 'Lowest prices of the tick bands, ascending; null: no tick is known.';
COMMENT ON COLUMN aegis.market_days.band_tick IS 'Tick sizes of these bands.';
COMMENT ON COLUMN aegis.market_days.is_tick_verified IS 'Whether the ticks are published or observed.';

ALTER VIEW aegis.market_days OWNER TO aegis_owner;
GRANT SELECT ON aegis.market_days TO aegis_reader;
