-- Uses up an approved change request: for the change window of a ticket or, without one, for a reseal.
-- Each is good for that which it was made for, and once.
--
-- Raises   AEP27  it is not approved, its time is over, it was used already or is for the other
--          AEP53  the clock is behind the ledger

CREATE OR REPLACE FUNCTION aegis_guard._use_request(
    p_request_id bigint,
    p_ticket_id bigint
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request aegis.change_status;
    v_detail text;
BEGIN
    PERFORM aegis_guard._check_moment();
    SELECT s.* INTO v_request FROM aegis.change_status AS s WHERE s.request_id = p_request_id;

    IF v_request.request_id IS NULL THEN
        v_detail := 'There is no such request.';
    ELSIF v_request.status <> 'approved' THEN
        v_detail := format('It is %s.', v_request.status);
    ELSIF v_request.is_reseal <> (p_ticket_id IS NULL) THEN
        v_detail := CASE WHEN v_request.is_reseal THEN 'It is for a reseal.' ELSE 'It is for a change window.' END;
    ELSE
        -- Whoever comes second waits here, and finds it used.
        INSERT INTO aegis.change_events (request_id, event, ticket_id)
        VALUES (p_request_id, 'used', p_ticket_id)
        ON CONFLICT (request_id, event) DO NOTHING;
        IF NOT FOUND THEN
            v_detail := 'It is used.';
        END IF;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'change request % cannot be used', p_request_id
            USING ERRCODE = 'AEP27', SCHEMA = 'aegis', TABLE = 'change_requests',
                  DETAIL = v_detail,
                  HINT = 'aegis.change_status shows where each request stands.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._use_request(bigint, bigint) IS -- noqa: LT01
'Uses up an approved change request, for a window or a reseal; raises AEP27 or AEP53.';

ALTER FUNCTION aegis_guard._use_request(bigint, bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._use_request(bigint, bigint) FROM PUBLIC;
