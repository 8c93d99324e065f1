-- _record_run: write what was judged and what came of it, and let findings of superseded values and rules go.

CREATE OR REPLACE FUNCTION aegis._record_run(
    p_found_by text,
    p_target text,
    p_from date,
    p_to date,
    p_priority_limit integer,
    p_rows_judged bigint,
    p_findings bigint,
    p_started_at timestamptz,
    p_batch_number bigint DEFAULT NULL,
    p_rows_without_baseline bigint DEFAULT 0
)
RETURNS aegis.validation_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_run aegis.validation_runs;
BEGIN
    INSERT INTO aegis.validation_runs (
        found_by, target, first_date, last_date, batch_number, rule_set_version, rules_asked, priority_limit,
        rows_judged, rows_without_baseline, findings, started_at
    )
    SELECT p_found_by, p_target, p_from, p_to, p_batch_number, aegis.rule_set_version(), count(*), p_priority_limit,
           p_rows_judged, p_rows_without_baseline, p_findings, p_started_at
      FROM aegis.validation_rules AS r
     WHERE p_target = ANY (r.targets) AND r.is_enabled AND r.priority <= p_priority_limit
    RETURNING * INTO v_run;
    RETURN v_run;
END;
$function$;

COMMENT ON FUNCTION aegis._record_run(text, text, date, date, integer, bigint, bigint, timestamptz, bigint, bigint) IS -- noqa: LT01
'Records one evaluation and returns its row.';

ALTER FUNCTION aegis._record_run(text, text, date, date, integer, bigint, bigint, timestamptz, bigint, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._record_run(text, text, date, date, integer, bigint, bigint, timestamptz, bigint, bigint) FROM PUBLIC;
