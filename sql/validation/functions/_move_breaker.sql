-- _move_breaker: one step of a circuit breaker whose row the caller has locked; keeps it and tells people.

CREATE OR REPLACE FUNCTION aegis._move_breaker(
    p_breaker aegis.circuit_breakers,
    p_state text,
    p_reason text,
    p_batch_number bigint DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_now CONSTANT timestamptz := clock_timestamp();
    v_from text;
    v_probing_from timestamptz := CASE p_state WHEN 'open' THEN coalesce(v_now + p_breaker.cooldown, 'infinity')
                                               WHEN 'half_open' THEN p_breaker.probing_from END;
BEGIN
    SELECT b.state INTO STRICT v_from
      FROM aegis.circuit_breakers AS b
     WHERE (b.scope, b.subject) = (p_breaker.scope, p_breaker.subject);

    UPDATE aegis.circuit_breakers AS b
       SET state = p_state,
           reason = p_reason,
           condition_code = p_breaker.condition_code,
           minimum_severity = p_breaker.minimum_severity,
           cooldown = p_breaker.cooldown,
           probe_batches = p_breaker.probe_batches,
           probes_passed = CASE p_state WHEN 'half_open' THEN p_breaker.probes_passed ELSE 0 END,
           opened_at = CASE p_state WHEN 'open' THEN v_now WHEN 'half_open' THEN b.opened_at END,
           probing_from = v_probing_from,
           trips = b.trips + CASE p_state WHEN 'open' THEN 1 ELSE 0 END,
           counts_after = CASE p_state WHEN 'closed' THEN coalesce((SELECT max(f.finding_id) FROM aegis.findings AS f), 0)
                                          ELSE b.counts_after END,
           state_version = b.state_version + 1,
           changed_at = v_now,
           changed_by = SESSION_USER
     WHERE (b.scope, b.subject) = (p_breaker.scope, p_breaker.subject);

    INSERT INTO aegis.circuit_breaker_events (scope, subject, from_state, to_state, reason, batch_number)
    VALUES (p_breaker.scope, p_breaker.subject, v_from, p_state, p_reason, p_batch_number);

    PERFORM aegis_guard._record_act('breaker', format('%s %s', p_breaker.scope, p_breaker.subject), NULL, NULL,
                                    jsonb_build_object('from', v_from, 'to', p_state, 'reason', p_reason), p_batch_number);

    IF p_state <> 'half_open' THEN
        PERFORM aegis._raise_alert(
                    CASE p_state WHEN 'open' THEN 'breaker_opened' ELSE 'breaker_closed' END,
                    format('%s:%s', p_breaker.scope, p_breaker.subject),
                    CASE p_state WHEN 'open' THEN 'critical' ELSE 'warning' END,
                    jsonb_build_object(
                        'scope', jsonb_build_object(
                            'en', p_breaker.scope,
                            'ko', CASE p_breaker.scope WHEN 'code' THEN '종목' WHEN 'source' THEN '출처' ELSE '시장' END),
                        'subject', p_breaker.subject,
                        'reason', p_reason,
                        'until', CASE WHEN v_probing_from = 'infinity'
                                      THEN '{"en": "a reset by hand", "ko": "수동 해제"}'::jsonb
                                      ELSE to_jsonb(to_char(v_probing_from AT TIME ZONE 'Asia/Seoul', 'YYYY-MM-DD HH24:MI:SS "KST"'))
                                 END),
                    NULL,
                    CASE p_breaker.scope WHEN 'code' THEN p_breaker.subject END
                );
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._move_breaker(aegis.circuit_breakers, text, text, bigint) IS -- noqa: LT01
'One step of a circuit breaker: its row, its event, its alert.';

ALTER FUNCTION aegis._move_breaker(aegis.circuit_breakers, text, text, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._move_breaker(aegis.circuit_breakers, text, text, bigint) FROM PUBLIC;
