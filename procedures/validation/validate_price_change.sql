-- validate_price_change: one price against its base price (기준가), by the rule price_change.
--
-- Call     SELECT * FROM aegis.validate_price_change(151000, 100000);
-- Role     aegis_reader
-- Locks    nothing
-- Raises   nothing; without a base price above 0 nothing is judged and the message says so
-- Repeat   as often as wanted

CREATE OR REPLACE FUNCTION aegis.validate_price_change(
    p_current_price numeric,
    p_previous_close numeric
)
RETURNS TABLE (is_anomaly boolean, price_change numeric, message text, message_ko text, rule_version integer)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
    SELECT coalesce(v.is_judged AND r.is_enabled AND abs(v.change) > r.threshold, FALSE),
           v.change,
           CASE
               WHEN NOT v.is_judged THEN 'there is no base price to compare with'
               WHEN r.is_enabled AND abs(v.change) > r.threshold
                   THEN format('price moved by %s %% (from %s to %s)', round(100 * v.change, 1), p_previous_close, p_current_price)
               ELSE 'within the limit'
           END,
           CASE
               WHEN NOT v.is_judged THEN '이전 종가가 없거나 0입니다'
               WHEN r.is_enabled AND abs(v.change) > r.threshold
                   THEN format('주가 급등락 경고: %s%% 변동 (전일종가 %s, 현재가 %s)', round(100 * v.change, 1), p_previous_close, p_current_price)
               ELSE '정상 범위'
           END,
           r.rule_version
      FROM aegis.validation_rules AS r
     CROSS JOIN LATERAL (
        SELECT coalesce(p_previous_close > 0 AND p_previous_close < 'Infinity' AND p_current_price < 'Infinity'
                        AND p_current_price > '-Infinity', FALSE)
     ) AS j (is_judged)
     CROSS JOIN LATERAL (
        SELECT j.is_judged, CASE WHEN j.is_judged THEN p_current_price / p_previous_close - 1 END
     ) AS v (is_judged, change)
     WHERE r.rule_code = 'price_change'
$function$;

COMMENT ON FUNCTION aegis.validate_price_change(numeric, numeric) IS -- noqa: LT01
'Whether a price moved further from its base price than the rule price_change allows.';

ALTER FUNCTION aegis.validate_price_change(numeric, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_price_change(numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_price_change(numeric, numeric) TO aegis_reader;
