-- validate_price_gap: an opening price against its base price (기준가), by the rule price_gap.
--
-- Call     SELECT * FROM aegis.validate_price_gap(121000, 100000);
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing; without a base price above 0, or without trade (open 0), nothing is judged
-- Repeat   as often as wanted

CREATE OR REPLACE FUNCTION aegis.validate_price_gap(
    p_open_price numeric,
    p_previous_close numeric
)
RETURNS TABLE (is_anomaly boolean, gap_percentage numeric, rule_version integer)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
    SELECT coalesce(r.is_enabled AND abs(v.gap) > r.threshold, FALSE), v.gap, r.rule_version
      FROM aegis.validation_rules AS r
     CROSS JOIN LATERAL (
        SELECT CASE WHEN p_previous_close > 0 AND p_previous_close < 'Infinity' AND p_open_price > 0 AND p_open_price < 'Infinity'
                    THEN p_open_price / p_previous_close - 1 END
     ) AS v (gap)
     WHERE r.rule_code = 'price_gap'
$function$;

COMMENT ON FUNCTION aegis.validate_price_gap(numeric, numeric) IS -- noqa: LT01
'Whether an opening price lies further from its base price than the rule price_gap allows; the gap as a fraction.';

ALTER FUNCTION aegis.validate_price_gap(numeric, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_price_gap(numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_price_gap(numeric, numeric) TO aegis_reader;
