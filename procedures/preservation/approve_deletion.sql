-- approve_deletion: let a requested deletion happen, or reject it; the second of three steps.
--
-- Call     CALL aegis.approve_deletion(7);
--          CALL aegis.approve_deletion(7, p_is_approved => FALSE, p_reason => 'rows are right');
-- Role     aegis_approver, another person than the one who asked, logged in as oneself
-- Locks    none
-- Raises   AEP58  the person who asked, a role that was set, or a login without the role
--          AEP62  there is no such request, it is decided already, or its time is over
-- Repeat   not idempotent: a request is decided once (AEP62)
--
-- What is approved is the rows: aegis.deletion_requests shows condition, count and digest. The
-- approval ends after aegis.deletion_execution_limit.

CREATE OR REPLACE PROCEDURE aegis.approve_deletion(
    p_request_id bigint,
    p_is_approved boolean DEFAULT TRUE,
    p_reason text DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_request aegis.deletion_requests;
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();
    SELECT q.* INTO v_request FROM aegis.deletion_requests AS q WHERE q.request_id = p_request_id;

    v_detail := CASE
        WHEN v_request.request_id IS NULL THEN 'There is no such request.'
        WHEN p_is_approved IS NULL THEN 'A decision is yes or no.'
        WHEN clock_timestamp() > v_request.expires_at THEN format('Its time ended at %s.', v_request.expires_at)
    END;

    IF v_detail IS NULL THEN
        PERFORM aegis_guard._check_person('approving a deletion', 'aegis_approver', v_request.requested_by);

        INSERT INTO aegis.deletion_decisions (request_id, is_approved, reason, expires_at)
        VALUES (
            p_request_id, p_is_approved, p_reason,
            CASE WHEN p_is_approved
                THEN clock_timestamp() + aegis.configuration('aegis.deletion_execution_limit')::interval
            END
        )
        ON CONFLICT (request_id) DO NOTHING;
        IF NOT FOUND THEN
            v_detail := 'It is decided already.';
        END IF;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'deletion request % cannot be decided', coalesce(p_request_id::text, 'null')
            USING ERRCODE = 'AEP62', SCHEMA = 'aegis', TABLE = 'deletion_requests',
                  DETAIL = v_detail,
                  HINT = 'aegis.emergency_deletion_status shows where each request stands.';
    END IF;

    PERFORM aegis_guard._record_act(
        p_kind => 'emergency_deletion',
        p_subject => format('%I.%I', v_request.schema_name, v_request.table_name),
        p_row_count => v_request.row_count,
        p_digest => v_request.digest,
        p_detail => jsonb_build_object(
            'event', CASE WHEN p_is_approved THEN 'approved' ELSE 'rejected' END,
            'request_id', p_request_id, 'reason', p_reason, 'requested_by', v_request.requested_by
        )
    );
END;
$procedure$;

COMMENT ON PROCEDURE aegis.approve_deletion(bigint, boolean, text) IS -- noqa: LT01
'Approves or rejects a deletion request, once, as another person than the one who asked; raises AEP58 or AEP62.';

ALTER PROCEDURE aegis.approve_deletion(bigint, boolean, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.approve_deletion(bigint, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.approve_deletion(bigint, boolean, text) TO aegis_approver;
