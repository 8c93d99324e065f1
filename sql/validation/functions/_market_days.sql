-- _market_days: the rows of aegis.market_days that concern a range of days, made once for a query however its plan turns out, also in
-- a parallel worker, which a materialized CTE would keep away. In PL/pgSQL, which keeps its plan and the planner from putting the view in
-- its place.

CREATE OR REPLACE FUNCTION aegis._market_days(
    p_from date,
    p_to date
)
RETURNS SETOF aegis.market_days
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 50
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY SELECT m.* FROM aegis.market_days AS m WHERE m.valid_from <= p_to AND m.valid_to >= p_from;
END;
$function$;

COMMENT ON FUNCTION aegis._market_days(date, date) IS
'The rows of aegis.market_days that concern a range of days, made once for a query.';

ALTER FUNCTION aegis._market_days(date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._market_days(date, date) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._market_days(date, date) TO aegis_reader;
