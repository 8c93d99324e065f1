-- request_reseal: ask that what protects less than its baseline says be taken as good; the first of three steps.
--
-- Call     SELECT aegis.request_reseal('upgrade to PostgreSQL 18');
-- Role     aegis_operator
-- Locks    none
-- Raises   AEP26  nothing is weaker than its baseline, or the reason is blank
--          AEP53  the clock is behind the ledger
-- Repeat   each call makes a request
--
-- Returns the number of the request, which lists what is weaker at this moment; aegis.change_status shows it.
-- Another person approves it with aegis.approve_change; then aegis_guard.reseal(reason, number) takes
-- exactly that as good, losses included, which posture goes on naming. It opens no change window.

CREATE OR REPLACE FUNCTION aegis.request_reseal(p_reason text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_changes jsonb := (
        SELECT jsonb_agg(DISTINCT aegis_guard._reseal_item(
                   d.schema_name, d.table_name, d.root_name, d.aspect, d.was, d.is_now
               ))
          FROM aegis_guard.compare_state() AS d
         WHERE d.is_weaker OR d.is_loss
    );
    v_detail text := CASE
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'A request needs a reason.'
        WHEN v_changes IS NULL THEN 'Nothing protects less than its baseline says.'
    END;
BEGIN
    PERFORM aegis_guard._check_moment();

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the reseal cannot be requested'
            USING ERRCODE = 'AEP26', SCHEMA = 'aegis', TABLE = 'change_requests',
                  DETAIL = v_detail,
                  HINT = 'SELECT * FROM aegis.posture() shows what differs.';
    END IF;

    RETURN aegis_guard._record_request(p_reason, v_changes, TRUE);
END;
$function$;

COMMENT ON FUNCTION aegis.request_reseal(text) IS
'Requests that what protects less than its baseline says be taken as good; raises AEP26 or AEP53.';

ALTER FUNCTION aegis.request_reseal(text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.request_reseal(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.request_reseal(text) TO aegis_operator;
