-- _day_context: the context of those bars of a day that a rule might speak of, from their baselines; the text that aegis._judge takes.

CREATE OR REPLACE FUNCTION aegis._day_context(p_date date)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('SELECT x.*, '''' AS slot FROM (%s) AS x', aegis._context_query(
        format('(SELECT q.* FROM (%s) AS q WHERE q.is_quiet IS NOT TRUE)', aegis._quick_look(
            'daily_market_data',
            format('(SELECT t.* FROM aegis.daily_market_data AS t WHERE t.trade_date = DATE %L AND t.is_active)', p_date),
            format('= DATE %L', p_date))),
        'CROSS JOIN LATERAL (SELECT d.*) AS k'))
$function$;

COMMENT ON FUNCTION aegis._day_context(date) IS
'Text of the query that sets the bars of a day that rules must be asked about into their context by their baselines.';

ALTER FUNCTION aegis._day_context(date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._day_context(date) FROM PUBLIC;
