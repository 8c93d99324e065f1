-- _is_admitted: whether rows of a tripped subject may pass: when it is closed after all, or as its one probe in flight.
--
-- A probe holds an advisory lock until its transaction ends, so it is alone; who comes meanwhile is quarantined, not
-- kept waiting. Only when it commits does it count, so exactly as many probes pass as are needed to close. No row is
-- locked here: rows of prices come next, and the order prices, then breakers, is what keeps sessions from deadlocking.

CREATE OR REPLACE FUNCTION aegis._is_admitted(p_scope text, p_subject text, p_batch_number bigint)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_breaker aegis.circuit_breakers;
BEGIN
    FOR v_look IN 1 .. 2 LOOP
        SELECT b.* INTO v_breaker FROM aegis.circuit_breakers AS b WHERE (b.scope, b.subject) = (p_scope, p_subject);
        IF NOT FOUND OR v_breaker.state = 'closed' THEN
            RETURN TRUE;
        ELSIF v_breaker.state = 'open' AND clock_timestamp() < v_breaker.probing_from THEN
            RETURN FALSE;
        ELSIF v_look = 1 AND NOT pg_try_advisory_xact_lock(aegis._breaker_lock(p_scope, p_subject)) THEN
            RETURN FALSE;
        END IF;
        -- Once more: another probe may have ended between the look and the lock.
    END LOOP;

    INSERT INTO aegis.circuit_breaker_probes (batch_number, scope, subject)
    VALUES (p_batch_number, p_scope, p_subject)
    ON CONFLICT (batch_number, scope, subject) DO NOTHING;
    RETURN TRUE;
END;
$function$;

COMMENT ON FUNCTION aegis._is_admitted(text, text, bigint) IS -- noqa: LT01
'Whether rows of this subject may pass its circuit breaker, as a probe where it has tripped.';

ALTER FUNCTION aegis._is_admitted(text, text, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._is_admitted(text, text, bigint) FROM PUBLIC;
