-- reopen_case: a decision about a case was wrong; it is open again.
--
-- Call     CALL aegis.reopen_case(12, 'the exchange corrected the day after all');
-- Role     aegis_operator
-- Locks    the case's row and its findings, until the caller's transaction ends
-- Raises   AEV40  there is no such case             AEV41  the reason is blank
--          AEV42  the case is not resolved, or a later one is open
--          AEV43  it changed since p_state_version
-- Repeat   not idempotent: the second call raises AEV42

CREATE OR REPLACE PROCEDURE aegis.reopen_case(
    p_case_id bigint,
    p_reason text,
    p_state_version integer DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
BEGIN
    PERFORM aegis._decide_case(p_case_id, 'reopened', p_reason, p_state_version);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.reopen_case(bigint, text, integer) IS -- noqa: LT01
'Opens a resolved case again; raises AEV40 to AEV43.';

ALTER PROCEDURE aegis.reopen_case(bigint, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.reopen_case(bigint, text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.reopen_case(bigint, text, integer) TO aegis_operator;
