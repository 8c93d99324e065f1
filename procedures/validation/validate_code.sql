-- validate_code: what the rules find in the bars of a code, read-only: nothing is written, also not to aegis.findings.
--
-- Call     SELECT * FROM aegis.validate_code('005930', '2024-01-02', '2024-02-13');
-- Role     aegis_reader
-- Locks    nothing
-- Raises   AEV07  no code is named, a day is missing or infinite, or the range ends before it begins
-- Repeat   as often as wanted
--
-- By the stored baselines of these days if they hold, otherwise by the bars before; what is found is the same.

CREATE OR REPLACE FUNCTION aegis.validate_code(
    p_code text,
    p_from date,
    p_to date,
    p_price_basis text DEFAULT 'raw'
)
RETURNS TABLE (
    trade_date date,
    rule_code text,
    rule_version integer,
    severity text,
    observed jsonb,
    explained_by text,
    data_version integer
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_bars CONSTANT text := aegis._bars_query(p_from, p_to, p_code, p_price_basis);
BEGIN
    IF p_code IS NULL THEN
        RAISE EXCEPTION 'no code is named'
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass p_code; aegis.validation_by_day shows what was found of all codes.';
    ELSIF (isfinite(p_from) AND isfinite(p_to) AND p_from <= p_to) IS NOT TRUE THEN
        RAISE EXCEPTION 'the range from % to % cannot be judged', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass two finite trading dates in order.';
    END IF;
    RETURN QUERY
        SELECT j.trade_date, j.rule_code, j.rule_version, j.severity, j.observed, j.explained_by, j.data_version
          FROM aegis._judge('daily_market_data',
                            CASE WHEN aegis._has_baselines(v_bars, p_from, p_to)
                                 THEN aegis._baseline_context(v_bars, p_from, p_to)
                                 ELSE aegis._range_context(p_from, p_to, p_code, p_price_basis) END) AS j
         ORDER BY j.trade_date, j.rule_code;
END;
$function$;

COMMENT ON FUNCTION aegis.validate_code(text, date, date, text) IS -- noqa: LT01
'What the rules find in the bars of a code over a range of days; writes nothing; raises AEV07.';

ALTER FUNCTION aegis.validate_code(text, date, date, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_code(text, date, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_code(text, date, date, text) TO aegis_reader;
