-- reset_breaker: close a circuit breaker by hand. Findings until now no longer count against it.
--
-- Call     CALL aegis.reset_breaker('code', '005930', 'the source was mended');
-- Role     aegis_operator
-- Locks    the breaker's row, until the caller's transaction ends
-- Raises   AEV50  there is no such code, source or market
--          AEV51  the reason is blank
--          AEV52  it is closed already
-- Repeat   not idempotent: the second call raises AEV52
--
-- What it quarantined are dead letters with the reason breaker_open; replay them once it is closed.

CREATE OR REPLACE PROCEDURE aegis.reset_breaker(p_scope text, p_subject text, p_reason text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_breaker aegis.circuit_breakers;
BEGIN
    PERFORM aegis._check_breaker_subject(p_scope, p_subject, p_reason);

    SELECT b.* INTO v_breaker
      FROM aegis.circuit_breakers AS b
     WHERE (b.scope, b.subject) = (p_scope, p_subject)
       FOR UPDATE;
    IF NOT FOUND OR v_breaker.state = 'closed' THEN
        RAISE EXCEPTION 'the circuit breaker of % % is closed already', p_scope, p_subject
            USING ERRCODE = 'AEV52', SCHEMA = 'aegis', TABLE = 'circuit_breakers',
                  DETAIL = coalesce(format('%s closed it at %s: %s', v_breaker.changed_by, v_breaker.changed_at,
                                           v_breaker.reason), 'It has never tripped.'),
                  HINT = 'aegis.circuit_breakers lists the open ones.';
    END IF;

    PERFORM aegis._move_breaker(v_breaker, 'closed', p_reason);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.reset_breaker(text, text, text) IS -- noqa: LT01
'Closes a circuit breaker by hand, with a reason; raises AEV50 to AEV52.';

ALTER PROCEDURE aegis.reset_breaker(text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.reset_breaker(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.reset_breaker(text, text, text) TO aegis_operator;
