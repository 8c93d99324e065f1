-- _day_context: the context of the bars of a day, from their baselines; the text that aegis._judge takes.

CREATE OR REPLACE FUNCTION aegis._day_context(p_date date)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('SELECT x.*, '''' AS slot FROM (%s) AS x', aegis._context_query(
        format('(SELECT t.* FROM aegis.daily_market_data AS t WHERE t.trade_date = DATE %L AND t.is_active)', p_date),
        format('JOIN aegis.validation_baselines AS k
                  ON k.trade_date = DATE %L AND k.price_basis = d.price_basis AND k.stock_code = d.stock_code', p_date)))
$function$;

COMMENT ON FUNCTION aegis._day_context(date) IS
'Text of the query that sets the bars of a day into their context by aegis.validation_baselines.';

ALTER FUNCTION aegis._day_context(date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._day_context(date) FROM PUBLIC;
