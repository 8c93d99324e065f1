-- _limit_prices: the exact arithmetic of the daily price limit. The width is cut to the tick of the base, the upper
-- limit to the tick of its own, perhaps coarser band; the lower limit needs no cut.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._limit_prices(
    p_base numeric,
    p_pct numeric,
    p_tick numeric,
    p_band_from numeric [],
    p_band_tick numeric []
)
RETURNS TABLE (upper_limit numeric, lower_limit numeric)
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    -- A remainder, not a quotient: as part of a query an expression is computed as often as it is read.
    SELECT u.uncut - u.uncut % p_band_tick[width_bucket(u.uncut, p_band_from)],
           p_base - w.width
      FROM (SELECT div(p_base * p_pct, 100 * p_tick) * p_tick) AS w (width)
     CROSS JOIN LATERAL (SELECT p_base + w.width) AS u (uncut)
$function$;

COMMENT ON FUNCTION aegis._limit_prices(numeric, numeric, numeric, numeric [], numeric []) IS -- noqa: LT01
'Upper and lower price limit of a base price with its tick, by the bands of aegis.market_days.';

ALTER FUNCTION aegis._limit_prices(numeric, numeric, numeric, numeric [], numeric []) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._limit_prices(numeric, numeric, numeric, numeric [], numeric []) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._limit_prices(numeric, numeric, numeric, numeric [], numeric []) TO aegis_reader;
