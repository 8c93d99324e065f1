-- _limit_width: how far a price may move from its base on a day, cut to the tick of the base. A step of its own, so that a query
-- computes it once for both limits.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._limit_width(
    p_base numeric,
    p_pct numeric,
    p_tick numeric
)
RETURNS numeric
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT div(p_base * p_pct, 100 * p_tick) * p_tick
$function$;

COMMENT ON FUNCTION aegis._limit_width(numeric, numeric, numeric) IS -- noqa: LT01
'Width of the daily price limit (KRW) of a base price with its limit in percent and its tick.';

ALTER FUNCTION aegis._limit_width(numeric, numeric, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._limit_width(numeric, numeric, numeric) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._limit_width(numeric, numeric, numeric) TO aegis_reader;
