-- _lock_breaker: the row of a circuit breaker, made closed where there is none, locked until the transaction ends.

CREATE OR REPLACE FUNCTION aegis._lock_breaker(p_scope text, p_subject text)
RETURNS aegis.circuit_breakers
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_breaker aegis.circuit_breakers;
BEGIN
    INSERT INTO aegis.circuit_breakers (scope, subject, state, reason, minimum_severity, probe_batches)
    VALUES (p_scope, p_subject, 'closed', 'never tripped', 'warning', 1)
    ON CONFLICT (scope, subject) DO NOTHING;

    SELECT b.* INTO STRICT v_breaker
      FROM aegis.circuit_breakers AS b
     WHERE (b.scope, b.subject) = (p_scope, p_subject)
       FOR UPDATE;
    RETURN v_breaker;
END;
$function$;

COMMENT ON FUNCTION aegis._lock_breaker(text, text) IS -- noqa: LT01
'Row of a circuit breaker, made where there is none and locked.';

ALTER FUNCTION aegis._lock_breaker(text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._lock_breaker(text, text) FROM PUBLIC;
