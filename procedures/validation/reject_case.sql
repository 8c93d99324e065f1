-- reject_case: the value is wrong. What follows is a correction from the source, or a soft delete here and now.
--
-- Call     CALL aegis.reject_case(12, 'the decimal point is two places off');
--          CALL aegis.reject_case(12, 'no such trade', p_soft_delete => TRUE);
-- Role     aegis_operator; of an assigned case whom it is assigned to
-- Locks    the case's row and its findings, and the rows that are deleted, until the caller's transaction ends
-- Raises   AEV40  there is no such case             AEV41  the reason is blank
--          AEV42  the case is resolved              AEV43  it changed since p_state_version
--          AEV44  somebody else works on it
--          AEV47  its values cannot be deleted: nothing is stored, or they have other keys
-- Repeat   not idempotent: the second call raises AEV42
--
-- Nothing is removed: a soft-deleted row stays, out of the active views, and can be restored.

CREATE OR REPLACE PROCEDURE aegis.reject_case(
    p_case_id bigint,
    p_reason text,
    p_state_version integer DEFAULT NULL,
    p_soft_delete boolean DEFAULT FALSE
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_case aegis.cases;
    v_keys jsonb;
BEGIN
    v_case := aegis._decide_case(p_case_id, 'rejected', p_reason, p_state_version,
                                 p_detail => jsonb_build_object('soft_delete', p_soft_delete IS TRUE));
    IF p_soft_delete IS NOT TRUE THEN
        RETURN;
    END IF;

    SELECT jsonb_agg(DISTINCT k.row_key)
      INTO v_keys
      FROM aegis.case_findings AS l
      JOIN aegis.findings AS f ON f.finding_id = l.finding_id
      JOIN aegis.ingest_targets AS t
        ON t.target = f.target
       AND t.key_columns <@ '{stock_code,trade_date,price_basis}'
       AND t.key_columns @> '{stock_code,trade_date}'
     CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(c.name, to_jsonb(f) -> c.name) AS row_key FROM unnest(t.key_columns) AS c (name)
     ) AS k
     WHERE l.case_id = p_case_id
       AND f.data_version > 0;

    IF v_keys IS NULL THEN
        RAISE EXCEPTION 'the values of case % cannot be deleted', p_case_id
            USING ERRCODE = 'AEV47', SCHEMA = 'aegis', TABLE = 'cases',
                  DETAIL = format('Its findings are about %s.', v_case.target),
                  HINT = 'Reject it without p_soft_delete, and correct or delete by key.';
    END IF;

    PERFORM FROM aegis.soft_delete(format('aegis.%I', v_case.target)::regclass, v_keys,
                                   format('case %s: %s', p_case_id, p_reason));
END;
$procedure$;

COMMENT ON PROCEDURE aegis.reject_case(bigint, text, integer, boolean) IS -- noqa: LT01
'Resolves a case: the value is wrong; on request soft-deletes it. Raises AEV40 to AEV44 or AEV47.';

ALTER PROCEDURE aegis.reject_case(bigint, text, integer, boolean) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.reject_case(bigint, text, integer, boolean) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.reject_case(bigint, text, integer, boolean) TO aegis_operator;
