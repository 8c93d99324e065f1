-- approve_change: let a change window leave protection weaker, or not; the second of three steps.
--
-- Call     CALL aegis.approve_change(7);
--          CALL aegis.approve_change(7, p_is_approved => FALSE, p_reason => 'the default is needed');
-- Role     aegis_approver, another person than the one who asked, logged in as oneself
-- Locks    none
-- Raises   AEP27  there is no such request, it is decided already, or its time is over
--          AEP53  the clock is behind the ledger
--          AEP58  the person who asked, a role that was set, or a login without the role
-- Repeat   not idempotent: a request is decided once (AEP27)
--
-- What is approved is the list that aegis.change_status shows: each aspect, from what to what. The
-- approval ends after aegis.change_execution_limit.

CREATE OR REPLACE PROCEDURE aegis.approve_change(
    p_request_id bigint,
    p_is_approved boolean DEFAULT TRUE,
    p_reason text DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_request aegis.change_requests;
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();
    SELECT q.* INTO v_request FROM aegis.change_requests AS q WHERE q.request_id = p_request_id;

    v_detail := CASE
        WHEN v_request.request_id IS NULL THEN 'There is no such request.'
        WHEN p_is_approved IS NULL THEN 'A decision is yes or no.'
        WHEN clock_timestamp() > v_request.expires_at THEN format('Its time ended at %s.', v_request.expires_at)
    END;

    IF v_detail IS NULL THEN
        PERFORM aegis_guard._check_person('approving a change', 'aegis_approver', v_request.requested_by);

        INSERT INTO aegis.change_events (request_id, event, reason, expires_at)
        VALUES (
            p_request_id, CASE WHEN p_is_approved THEN 'approved' ELSE 'rejected' END, p_reason,
            CASE WHEN p_is_approved
                THEN clock_timestamp() + aegis.configuration('aegis.change_execution_limit')::interval
            END
        )
        ON CONFLICT (request_id) WHERE event <> 'used' DO NOTHING;
        IF NOT FOUND THEN
            v_detail := 'It is decided already.';
        END IF;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'change request % cannot be decided', coalesce(p_request_id::text, 'null')
            USING ERRCODE = 'AEP27', SCHEMA = 'aegis', TABLE = 'change_requests',
                  DETAIL = v_detail,
                  HINT = 'aegis.change_status shows where each request stands.';
    END IF;

    PERFORM aegis_guard._record_act(
        p_kind => 'change_request',
        p_subject => v_request.reason,
        p_detail => jsonb_build_object(
            'event', CASE WHEN p_is_approved THEN 'approved' ELSE 'rejected' END,
            'request_id', p_request_id, 'reason', p_reason, 'requested_by', v_request.requested_by
        )
    );
END;
$procedure$;

COMMENT ON PROCEDURE aegis.approve_change(bigint, boolean, text) IS -- noqa: LT01
'Approves or rejects a change request, once, as another person than the one who asked; raises AEP27, AEP53 or AEP58.';

ALTER PROCEDURE aegis.approve_change(bigint, boolean, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.approve_change(bigint, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.approve_change(bigint, boolean, text) TO aegis_approver;
