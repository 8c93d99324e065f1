-- Leaves evidence of a refused statement that survives its rollback: a non-transactional
-- message in the WAL, and a line in the server log. Never fails: the refusal that follows
-- must keep its own code.

CREATE OR REPLACE FUNCTION aegis_guard.record_attempt(
    p_relation regclass,
    p_operation text,
    p_sqlstate text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_attempt text := jsonb_build_object(
        'kind', 'refused',
        'sqlstate', p_sqlstate,
        'operation', p_operation,
        'relation', p_relation::text,
        'session_user', SESSION_USER,
        'role', current_setting('role'),
        'application_name', current_setting('application_name'),
        'client_address', inet_client_addr(),
        'backend', pg_backend_pid(),
        'attempted_at', clock_timestamp(),
        'query', left(current_query(), 8192)
    )::text;
BEGIN
    RAISE LOG 'aegis refused: %', v_attempt;
    PERFORM pg_logical_emit_message(FALSE, 'aegis', v_attempt);
EXCEPTION
    -- The log line stands; the right to write the message may have been revoked.
    WHEN OTHERS THEN RAISE LOG 'aegis could not write the attempt to the WAL: %', SQLERRM;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.record_attempt(regclass, text, text) IS -- noqa: LT01
'Writes a refused statement to the WAL and the server log, so that the evidence survives the rollback.';

ALTER FUNCTION aegis_guard.record_attempt(regclass, text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.record_attempt(regclass, text, text) FROM PUBLIC;
