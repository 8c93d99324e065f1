-- _range_context: the context of the bars of a range of days, of all codes or of one, in one pass, code by code: the text
-- that aegis._judge takes. What it says of a bar is what aegis.bar_context says; a test compares.

CREATE OR REPLACE FUNCTION aegis._range_context(
    p_from date,
    p_to date,
    p_code text DEFAULT NULL,
    p_price_basis text DEFAULT NULL
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lookback integer := aegis.configuration('aegis.report_lookback_rows')::integer;
    v_others text;
    v_bars text;
BEGIN
    IF p_code IS NOT NULL THEN
        v_bars := format('aegis._code_bars(%L, %L, DATE %L, DATE %L, %s)', p_code, p_price_basis, p_from, p_to, v_lookback);
    ELSE
        -- Ingest lets no bar in whose code is not in aegis.stocks; a restored or attached one is judged too.
        SELECT string_agg(format('UNION ALL SELECT %L', t.stock_code), ' ')
          INTO v_others
          FROM (
            SELECT DISTINCT d.stock_code
              FROM aegis.daily_market_data AS d
             WHERE d.trade_date BETWEEN p_from AND p_to
               AND NOT EXISTS (SELECT FROM aegis.stocks AS k WHERE k.stock_code = d.stock_code)
          ) AS t;
        v_bars := format('(SELECT i.* FROM (SELECT z.stock_code FROM aegis.stocks AS z %s) AS e CROSS JOIN LATERAL
                           aegis._code_bars(e.stock_code, %L, DATE %L, DATE %L, %s) WITH ORDINALITY AS i)',
                         v_others, p_price_basis, p_from, p_to, v_lookback);
    END IF;

    RETURN format('SELECT x.*, '''' AS slot FROM (%s) AS x', aegis._context_query(
        p_bars => format(
            '(SELECT b.*, y.previous_session FROM %s AS b JOIN aegis._previous_sessions(%L, %L) AS y USING (trade_date))',
            v_bars, p_from, p_to),
        p_baseline => 'CROSS JOIN LATERAL (SELECT d.*) AS k',
        p_from => p_from,
        p_to => p_to
    ));
END;
$function$;

COMMENT ON FUNCTION aegis._range_context(date, date, text, text) IS -- noqa: LT01
'Text of the query that sets the bars of a range of days into their context in one pass; p_code or p_price_basis null: all.';

ALTER FUNCTION aegis._range_context(date, date, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._range_context(date, date, text, text) FROM PUBLIC;
