-- release_case: the value is right, the rule was wrong about it.
--
-- Call     CALL aegis.release_case(12, 'the listing day of a spin-off', p_state_version => 1);
-- Role     aegis_operator; of an assigned case whom it is assigned to
-- Locks    the case's row and its findings, until the caller's transaction ends
-- Raises   AEV40  there is no such case             AEV41  the reason is blank
--          AEV42  the case is resolved              AEV43  it changed since p_state_version
--          AEV44  somebody else works on it
-- Repeat   not idempotent: the second call raises AEV42
--
-- Its findings are believed (status released). The value itself was stored all the time.

CREATE OR REPLACE PROCEDURE aegis.release_case(
    p_case_id bigint,
    p_reason text,
    p_state_version integer DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
BEGIN
    PERFORM aegis._decide_case(p_case_id, 'released', p_reason, p_state_version);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.release_case(bigint, text, integer) IS -- noqa: LT01
'Resolves a case: the value is believed; raises AEV40 to AEV44.';

ALTER PROCEDURE aegis.release_case(bigint, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.release_case(bigint, text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.release_case(bigint, text, integer) TO aegis_operator;
