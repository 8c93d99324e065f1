-- _baseline_context: the context of those bars (a relation) of a range of days that a rule might speak of, by their stored baselines:
-- the text that aegis._judge takes. A bar without one is left out, see aegis._has_baselines.

CREATE OR REPLACE FUNCTION aegis._baseline_context(
    p_bars text,
    p_from date,
    p_to date
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('SELECT x.*, '''' AS slot FROM (%s) AS x', aegis._context_query(
        p_bars => format('(SELECT q.* FROM (%s) AS q WHERE q.is_quiet IS NOT TRUE)', aegis._quick_look(
            'daily_market_data', p_bars,
            CASE WHEN p_from = p_to THEN format('= DATE %L', p_from) ELSE format('BETWEEN DATE %L AND DATE %L', p_from, p_to) END)),
        p_baseline => 'CROSS JOIN LATERAL (SELECT d.*) AS k',
        p_from => p_from,
        p_to => p_to
    ))
$function$;

COMMENT ON FUNCTION aegis._baseline_context(text, date, date) IS -- noqa: LT01
'Text of the query that sets those bars (a relation) that rules must be asked about into their context by their baselines.';

ALTER FUNCTION aegis._baseline_context(text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._baseline_context(text, date, date) FROM PUBLIC;
