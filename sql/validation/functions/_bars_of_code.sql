-- _bars_of_code: the active bars of a code in a range of days. In PL/pgSQL with a plan for all partitions that a session makes once:
-- to plan the partitions of a year takes longer than to read them.

CREATE OR REPLACE FUNCTION aegis._bars_of_code(
    p_code text,
    p_price_basis text,
    p_from date,
    p_to date
)
RETURNS SETOF aegis.daily_market_data
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 250
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
-- Index scans give the bars of a code in order, at half the cost of bitmaps for twenty rows a month.
SET enable_bitmapscan = off
AS $function$
BEGIN
    RETURN QUERY
        SELECT t.*
          FROM aegis.daily_market_data AS t
         WHERE t.stock_code = p_code
           AND t.price_basis = coalesce(p_price_basis, t.price_basis)
           AND t.trade_date BETWEEN p_from AND p_to
           AND t.is_active;
END;
$function$;

COMMENT ON FUNCTION aegis._bars_of_code(text, text, date, date) IS -- noqa: LT01
'Active bars of a code in a range of days; p_price_basis null: both.';

ALTER FUNCTION aegis._bars_of_code(text, text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._bars_of_code(text, text, date, date) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._bars_of_code(text, text, date, date) TO aegis_reader;
