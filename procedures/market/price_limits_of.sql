-- price_limits_of: the price limits of all codes on a day: those with a bar that day or on one of the seven days before.
--
-- Call     SELECT * FROM aegis.price_limits_of('2024-01-10') WHERE no_limit_reason IS NOT NULL;
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing
-- Repeat   as often as wanted

CREATE OR REPLACE FUNCTION aegis.price_limits_of(p_date date)
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
    SELECT l.*
      FROM (
        SELECT DISTINCT d.stock_code
          FROM aegis.daily_market_data AS d
         WHERE d.trade_date BETWEEN p_date - 7 AND p_date
           AND d.price_basis = 'raw'
           AND d.is_active
      ) AS c
     CROSS JOIN LATERAL aegis.price_limits(c.stock_code, p_date) AS l
     ORDER BY l.stock_code COLLATE "C"
$function$;

COMMENT ON FUNCTION aegis.price_limits_of(date) IS
'Base price, price limits and tick of all codes on a day by the rules of that day, or why no limit applies.';

ALTER FUNCTION aegis.price_limits_of(date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.price_limits_of(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.price_limits_of(date) TO aegis_reader;
