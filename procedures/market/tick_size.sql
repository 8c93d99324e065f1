-- tick_size: the tick size (호가가격단위) of a price on a market and day.
--
-- Call     SELECT aegis.tick_size('KOSPI', '2024-01-02', 83000);
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing; null when no rule of that market covers the day, or the price is none
-- Repeat   as often as wanted

CREATE OR REPLACE FUNCTION aegis.tick_size(
    p_market text,
    p_date date,
    p_price numeric
)
RETURNS numeric
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT t.tick_size
      FROM aegis.tick_sizes AS t
     WHERE t.market = aegis.rule_market(p_market)
       AND p_date BETWEEN t.valid_from AND t.valid_to
       AND p_price >= t.price_from
       AND (p_price < t.price_below OR t.price_below IS NULL)
       AND p_price < 'Infinity'
$function$;

COMMENT ON FUNCTION aegis.tick_size(text, date, numeric) IS -- noqa: LT01
'Tick size (호가가격단위) of a price on a market and day, KRW; null when no rule covers it.';

ALTER FUNCTION aegis.tick_size(text, date, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.tick_size(text, date, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.tick_size(text, date, numeric) TO aegis_reader;
