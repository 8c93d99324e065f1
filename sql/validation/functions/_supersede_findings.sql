-- _supersede_findings: retire the findings of daily bars and sessions that a newer version of the bar, or of a rule that was
-- asked, has replaced.

CREATE OR REPLACE FUNCTION aegis._supersede_findings(
    p_targets text [],
    p_from date,
    p_to date,
    p_priority_limit integer
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE aegis.findings AS f
       SET status = 'superseded'
     WHERE f.trade_date BETWEEN p_from AND p_to
       AND f.target = ANY (p_targets)
       AND f.status IN ('open', 'explained')
       AND (
           EXISTS (
               SELECT
                 FROM aegis.daily_market_data AS d
                WHERE d.trade_date = f.trade_date
                  AND d.trade_date BETWEEN p_from AND p_to
                  AND d.stock_code = f.stock_code
                  AND d.price_basis = f.price_basis
                  AND d.data_version > f.data_version
           )
           OR EXISTS (
               SELECT
                 FROM aegis.validation_rules AS r
                WHERE r.rule_code = f.rule_code
                  AND r.rule_version > f.rule_version
                  AND r.is_enabled
                  AND r.priority <= p_priority_limit
           )
       );
END;
$function$;

COMMENT ON FUNCTION aegis._supersede_findings(text [], date, date, integer) IS -- noqa: LT01
'Marks findings of a range of days as superseded where the bar or the rule has a newer version.';

ALTER FUNCTION aegis._supersede_findings(text [], date, date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._supersede_findings(text [], date, date, integer) FROM PUBLIC;
