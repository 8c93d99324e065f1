-- _limit_prices: the exact arithmetic of the daily price limit, its width (aegis._limit_width) given. The upper limit is cut to
-- the tick of its own, perhaps coarser band; the lower limit needs no cut.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._limit_prices(
    p_base numeric,
    p_width numeric,
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
           p_base - p_width
      FROM (SELECT p_base + p_width) AS u (uncut)
$function$;

COMMENT ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) IS -- noqa: LT01
'Upper and lower price limit of a base price with the width of its limit, by the bands of aegis.market_days.';

ALTER FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._limit_prices(numeric, numeric, numeric [], numeric []) TO aegis_reader;
