-- _ask_checks: call the routines of aegis.ingest_checks for a batch and put aside what they name.

CREATE OR REPLACE FUNCTION aegis._ask_checks(
    p_stage text,
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_check record;
    v_reason text;
    v_lines bigint [];
    v_reasons text [];
    v_rows bigint;
    v_put_aside bigint := 0;
BEGIN
    FOR v_check IN
        SELECT c.routine
          FROM aegis.ingest_checks AS c
         WHERE c.target = p_target
           AND c.stage = p_stage
         ORDER BY c.priority, c.routine
    LOOP
        CASE p_stage
            WHEN 'before' THEN
                EXECUTE format('SELECT aegis.%I($1, $2)', v_check.routine)
                   INTO v_reason
                  USING p_target, p_source;
                IF v_reason IS NOT NULL THEN
                    EXECUTE format('UPDATE %s AS w SET reason = $1 WHERE w.reason IS NULL', p_work)
                      USING v_reason;
                    GET DIAGNOSTICS v_rows = ROW_COUNT;
                    RETURN v_put_aside + v_rows;
                END IF;
            WHEN 'rows' THEN
                -- As a rule it names none: then there is no UPDATE to plan.
                EXECUTE format('SELECT array_agg(f.line_number), array_agg(f.reason) FROM aegis.%I($1, $2, $3, $4) AS f',
                               v_check.routine)
                   INTO v_lines, v_reasons
                  USING p_target, p_source, p_batch_number, p_work;
                IF v_lines IS NOT NULL THEN
                    EXECUTE format('UPDATE %s AS w SET reason = coalesce(w.reason, f.reason)
                                      FROM unnest($1, $2) AS f (line_number, reason)
                                     WHERE f.line_number = w.line_number', p_work)
                      USING v_lines, v_reasons;
                    GET DIAGNOSTICS v_rows = ROW_COUNT;
                    v_put_aside := v_put_aside + v_rows;
                END IF;
            ELSE
                EXECUTE format('SELECT aegis.%I($1, $2, $3, $4)', v_check.routine)
                  USING p_target, p_source, p_batch_number, p_work;
        END CASE;
    END LOOP;

    RETURN v_put_aside;
END;
$function$;

COMMENT ON FUNCTION aegis._ask_checks(text, text, text, bigint, regclass) IS -- noqa: LT01
'Calls the registered checks of one stage of a batch; the rows they name get their reason; returns their number.';

ALTER FUNCTION aegis._ask_checks(text, text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._ask_checks(text, text, text, bigint, regclass) FROM PUBLIC;
