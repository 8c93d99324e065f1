-- trip_breaker: open a circuit breaker by hand. Its rows are quarantined from the next batch on.
--
-- Call     CALL aegis.trip_breaker('code', '005930', 'halted by the exchange');
--          CALL aegis.trip_breaker('source', 'naver', 'yesterday''s prices again', INTERVAL '1 hour');
-- Role     aegis_operator
-- Locks    the breaker's row, until the caller's transaction ends
-- Raises   AEV50  there is no such code, source or market
--          AEV51  the reason is blank
--          AEV52  it is open already
--          AEV53  the cooldown makes no sense
-- Repeat   not idempotent: the second call raises AEV52
--
-- Without a cooldown only aegis.reset_breaker closes it.

CREATE OR REPLACE PROCEDURE aegis.trip_breaker(
    p_scope text,
    p_subject text,
    p_reason text,
    p_cooldown interval DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_breaker aegis.circuit_breakers;
BEGIN
    PERFORM aegis._check_breaker_subject(p_scope, p_subject, p_reason);
    IF p_cooldown NOT BETWEEN INTERVAL '1 second' AND INTERVAL '7 days' THEN
        RAISE EXCEPTION 'a circuit breaker cannot cool down for %', p_cooldown
            USING ERRCODE = 'AEV53',
                  HINT = 'Pass 1 second to 7 days, or null: until it is reset.';
    END IF;

    v_breaker := aegis._lock_breaker(p_scope, p_subject);
    IF v_breaker.state = 'open' AND v_breaker.probing_from = 'infinity' THEN
        RAISE EXCEPTION 'the circuit breaker of % % is open already', p_scope, p_subject
            USING ERRCODE = 'AEV52', SCHEMA = 'aegis', TABLE = 'circuit_breakers',
                  DETAIL = format('%s opened it at %s: %s', v_breaker.changed_by, v_breaker.opened_at, v_breaker.reason),
                  HINT = 'Reset it first to give it another reason.';
    END IF;

    v_breaker.condition_code := NULL;
    v_breaker.minimum_severity := 'warning';
    v_breaker.cooldown := p_cooldown;
    PERFORM aegis._move_breaker(v_breaker, 'open', p_reason);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.trip_breaker(text, text, text, interval) IS -- noqa: LT01
'Opens a circuit breaker by hand, for a time or until it is reset; raises AEV50 to AEV53.';

ALTER PROCEDURE aegis.trip_breaker(text, text, text, interval) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.trip_breaker(text, text, text, interval) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.trip_breaker(text, text, text, interval) TO aegis_operator;
