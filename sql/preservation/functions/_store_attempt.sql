-- Keeps one message of prefix aegis; the same message twice is one row. Whatever it holds, it is
-- kept: text that is no JSON as well.

CREATE OR REPLACE FUNCTION aegis_guard._store_attempt(
    p_position pg_lsn,
    p_content bytea
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_content text;
    v_attempt jsonb := '{}';
    v_time timestamptz;
BEGIN
    BEGIN
        v_content := convert_from(p_content, 'UTF8');
        v_attempt := v_content::jsonb;
        v_time := (v_attempt ->> 'attempted_at')::timestamptz;
    EXCEPTION
        WHEN OTHERS THEN
            v_content := coalesce(v_content, encode(p_content, 'escape'));
    END;
    IF jsonb_typeof(v_attempt) <> 'object' THEN
        v_attempt := '{}';
    END IF;

    INSERT INTO aegis.blocked_attempts (
        position, content_digest, is_guard_shaped, attempted_at, sqlstate, operation, relation, attempted_by,
        client_address, query, content
    )
    VALUES (
        p_position, sha256(p_content),
        coalesce(v_attempt ->> 'kind' = 'refused' AND v_attempt ->> 'sqlstate' ~ '^AE[A-Z0-9]{3}$', FALSE)
            AND v_time IS NOT NULL
            AND v_attempt ?& ARRAY['operation', 'relation', 'session_user', 'backend', 'query'],
        v_time, v_attempt ->> 'sqlstate', v_attempt ->> 'operation', v_attempt ->> 'relation',
        v_attempt ->> 'session_user', v_attempt ->> 'client_address', v_attempt ->> 'query', v_content
    )
    ON CONFLICT (position, content_digest) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._store_attempt(pg_lsn, bytea) IS -- noqa: LT01
'Keeps one message of the WAL in aegis.blocked_attempts, once.';

ALTER FUNCTION aegis_guard._store_attempt(pg_lsn, bytea) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._store_attempt(pg_lsn, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard._store_attempt(pg_lsn, bytea) TO aegis_owner;
