-- _bars_query: the active bars of a range of days as the text of a relation: of one code, or of all in both price bases.

CREATE OR REPLACE FUNCTION aegis._bars_query(
    p_from date,
    p_to date,
    p_code text DEFAULT NULL,
    p_price_basis text DEFAULT NULL
)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN p_code IS NOT NULL
                THEN format('aegis._bars_of_code(%L, %L, %L, %L)', p_code, p_price_basis, p_from, p_to)
                ELSE format('(SELECT t.* FROM aegis.daily_market_data AS t WHERE t.is_active AND t.trade_date BETWEEN %L AND %L)',
                            p_from, p_to) END
$function$;

COMMENT ON FUNCTION aegis._bars_query(date, date, text, text) IS -- noqa: LT01
'Text of a relation with the active bars of a range of days; p_code null: of all codes; p_price_basis, of one code, null: both.';

ALTER FUNCTION aegis._bars_query(date, date, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._bars_query(date, date, text, text) FROM PUBLIC;
