-- _limit_prices: the exact arithmetic of the daily price limit. The width is cut to the tick of the base, the upper
-- limit to the tick of its own, perhaps coarser band; the lower limit needs no cut.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._limit_prices(
    p_base numeric,
    p_pct numeric,
    p_band_from numeric [],
    p_band_tick numeric []
)
RETURNS TABLE (tick_size numeric, width numeric, upper_limit numeric, lower_limit numeric)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT t.tick_size,
           w.width,
           div(p_base + w.width, p_band_tick[width_bucket(p_base + w.width, p_band_from)])
               * p_band_tick[width_bucket(p_base + w.width, p_band_from)],
           p_base - w.width
      FROM (SELECT p_band_tick[width_bucket(p_base, p_band_from)]) AS t (tick_size)
     CROSS JOIN LATERAL (SELECT div(p_base * p_pct, 100 * t.tick_size) * t.tick_size) AS w (width)
$function$;

COMMENT ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) IS -- noqa: LT01
'Tick, width, upper and lower price limit of a base price, by the bands of aegis.market_days.';

ALTER FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) TO aegis_reader;
