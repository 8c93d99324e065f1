-- assign_case: give a case to somebody, or take it.
--
-- Call     CALL aegis.assign_case(12, 'kim', 'knows the code');
-- Role     aegis_operator
-- Locks    the case's row, until the caller's transaction ends
-- Raises   AEV40  there is no such case             AEV41  the reason is blank
--          AEV42  the case is resolved              AEV43  it changed since p_state_version
--          AEV45  the assignee is no login role that may decide cases
-- Repeat   each call is a step of its own; a case may pass from one to another

CREATE OR REPLACE PROCEDURE aegis.assign_case(
    p_case_id bigint,
    p_assignee text,
    p_reason text,
    p_state_version integer DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
BEGIN
    IF p_assignee IS NULL OR NOT EXISTS (
        SELECT FROM pg_roles AS r
         WHERE r.rolname = p_assignee AND r.rolcanlogin AND pg_has_role(r.oid, 'aegis_operator', 'MEMBER')
    ) THEN
        RAISE EXCEPTION 'cases cannot be assigned to %', coalesce(quote_literal(p_assignee), 'null')
            USING ERRCODE = 'AEV45',
                  HINT = 'Name a role that logs in and is a member of aegis_operator.';
    END IF;

    PERFORM aegis._decide_case(p_case_id, 'assigned', p_reason, p_state_version, p_assignee,
                               jsonb_build_object('assigned_to', p_assignee));
END;
$procedure$;

COMMENT ON PROCEDURE aegis.assign_case(bigint, text, text, integer) IS -- noqa: LT01
'Gives a case to a login role; raises AEV40 to AEV43 or AEV45.';

ALTER PROCEDURE aegis.assign_case(bigint, text, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.assign_case(bigint, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.assign_case(bigint, text, text, integer) TO aegis_operator;
