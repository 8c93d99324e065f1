-- price_limits: base price (기준가), price limits (상한가, 하한가) and tick of a code on a day, or why no limit applies.
--
-- Call     SELECT * FROM aegis.price_limits('005930', '2024-01-10');
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing; no row for a code without any bar or master row
-- Repeat   as often as wanted
--
-- The day is judged by the rules of that day. The base price is the one the source delivered for the day; before it
-- has come, or where the source has none, it is derived and base_price_origin says so.

CREATE OR REPLACE FUNCTION aegis.price_limits(
    p_code text,
    p_date date
)
RETURNS TABLE (
    stock_code text,
    trade_date date,
    market text,
    base_price numeric,
    base_price_origin text,
    price_limit_pct numeric,
    leverage numeric,
    upper_limit numeric,
    lower_limit numeric,
    tick_size numeric,
    no_limit_reason text,
    is_verified boolean
)
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
    SELECT p_code, p_date, f.market, b.base_price,
           CASE
               WHEN d.base_price IS NOT NULL THEN 'source'
               WHEN b.base_price IS NULL THEN NULL
               WHEN f.is_first_day AND m.ipo_base IS NOT NULL THEN m.ipo_base
               WHEN f.action_factor IS NOT NULL THEN 'derived'
               ELSE 'previous_close'
           END,
           m.price_limit_pct, f.leverage,
           CASE WHEN NOT l.is_exempt THEN
               CASE WHEN f.is_first_day AND m.ipo_high_pct IS NOT NULL THEN b.base_price * m.ipo_high_pct / 100
                    ELSE a.upper_limit END
           END,
           CASE WHEN NOT l.is_exempt THEN
               CASE WHEN f.is_first_day AND m.ipo_low_pct IS NOT NULL THEN b.base_price * m.ipo_low_pct / 100
                    ELSE a.lower_limit END
           END,
           t.tick_size,
           CASE
               WHEN l.is_exempt THEN 'liquidation'
               WHEN b.base_price IS NULL THEN 'no_base_price'
               WHEN m.price_limit_pct IS NULL OR m.band_from IS NULL THEN 'no_rule'
           END,
           m.is_limit_verified AND m.is_tick_verified
      FROM (SELECT p_code, p_date) AS one (code, day)
      LEFT JOIN aegis.daily_market_data AS d
        ON d.stock_code = p_code AND d.trade_date = p_date AND d.price_basis = 'raw' AND d.is_active
      LEFT JOIN LATERAL (
        SELECT q.trade_date, q.close_price
          FROM aegis.daily_market_data AS q
         WHERE q.stock_code = p_code
           AND q.price_basis = 'raw'
           AND q.trade_date < p_date
           AND q.trade_date >= p_date - 366
           AND q.is_active
         ORDER BY q.trade_date DESC
         LIMIT 1
      ) AS q ON TRUE
     CROSS JOIN LATERAL aegis._market_facts(p_code, p_date, q.trade_date) AS f
      LEFT JOIN aegis.market_days AS m ON m.market = f.market AND p_date BETWEEN m.valid_from AND m.valid_to
     CROSS JOIN LATERAL (SELECT coalesce(f.is_liquidation AND m.is_liquidation_exempt, FALSE)) AS l (is_exempt)
     CROSS JOIN LATERAL (
        SELECT coalesce(
            d.base_price,
            CASE WHEN f.is_first_day THEN
                CASE m.ipo_base WHEN 'offer_price' THEN f.offer_price WHEN 'opening_price' THEN nullif(d.open_price, 0) END
            END,
            CASE
                WHEN f.action_factor IS NULL THEN q.close_price
                -- KRX rounds a theoretical price up to its tick.
                WHEN m.band_from IS NOT NULL
                    THEN ceil(q.close_price * round(f.action_factor::numeric, 9)
                              / m.band_tick[width_bucket(q.close_price * round(f.action_factor::numeric, 9), m.band_from)])
                         * m.band_tick[width_bucket(q.close_price * round(f.action_factor::numeric, 9), m.band_from)]
                ELSE round(q.close_price * f.action_factor::numeric, 2)
            END
        )
     ) AS b (base_price)
     CROSS JOIN LATERAL (SELECT m.band_tick[width_bucket(b.base_price, m.band_from)]) AS t (tick_size)
     CROSS JOIN LATERAL (SELECT aegis._limit_width(b.base_price, m.price_limit_pct * f.leverage, t.tick_size)) AS w (width)
      LEFT JOIN LATERAL aegis._limit_prices(b.base_price, w.width, m.band_from, m.band_tick) AS a ON TRUE
     WHERE f.market IS NOT NULL OR d.stock_code IS NOT NULL OR q.trade_date IS NOT NULL
$function$;

COMMENT ON FUNCTION aegis.price_limits(text, date) IS -- noqa: LT01
'Base price, price limits and tick of a code on a day by the rules of that day, or why no limit applies.';

ALTER FUNCTION aegis.price_limits(text, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.price_limits(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.price_limits(text, date) TO aegis_reader;
