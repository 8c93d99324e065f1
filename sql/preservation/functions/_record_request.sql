-- Writes a request for a change window or a reseal down, with its act; returns its number. Who may ask for what is for
-- the caller to decide.

CREATE OR REPLACE FUNCTION aegis_guard._record_request(
    p_reason text,
    p_changes jsonb,
    p_is_reseal boolean
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request bigint;
BEGIN
    INSERT INTO aegis.change_requests (changes, reason, is_reseal, expires_at)
    VALUES (p_changes, p_reason, p_is_reseal,
            clock_timestamp() + aegis.configuration('aegis.change_approval_limit')::interval)
    RETURNING request_id INTO v_request;

    PERFORM aegis_guard._record_act(
        p_kind => 'change_request',
        p_subject => p_reason,
        p_detail => jsonb_build_object('event', 'requested', 'request_id', v_request, 'changes', p_changes)
                    || CASE WHEN p_is_reseal THEN '{"reseal": true}'::jsonb ELSE '{}' END
    );
    RETURN v_request;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._record_request(text, jsonb, boolean) IS -- noqa: LT01
'Records a request for a change window or a reseal and returns its number.';

ALTER FUNCTION aegis_guard._record_request(text, jsonb, boolean) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._record_request(text, jsonb, boolean) FROM PUBLIC;
