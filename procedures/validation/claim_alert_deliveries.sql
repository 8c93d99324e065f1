-- claim_alert_deliveries: take deliveries that are due, for a limited time. What deliverers call.
--
-- Call     SELECT * FROM aegis.claim_alert_deliveries('desk-1', 20);
-- Role     aegis_operator
-- Locks    the claimed rows, until the caller's transaction ends; skips those of other deliverers
-- Raises   nothing of its own
-- Repeat   gives the next ones; a claim that is not settled within aegis.alert_claim_time is given again
--
-- A channel out of tokens leaves its deliveries waiting. Too many of one rule or code: the delivery is throttled
-- for good, unless it is critical; the alert stays. The attempt number is the proof of the claim.

CREATE OR REPLACE FUNCTION aegis.claim_alert_deliveries(p_deliverer text, p_limit integer DEFAULT 20)
RETURNS TABLE (
    delivery_id bigint,
    attempt integer,
    idempotency_key uuid,
    alert_id bigint,
    alert_kind text,
    severity text,
    raised_at timestamptz,
    language text,
    title text,
    body text,
    detail jsonb,
    channel text,
    adapter text,
    endpoint text,
    secret_name text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_due record;
    v_taken integer := 0;
    v_now CONSTANT timestamptz := clock_timestamp();
    v_empty text [] := '{}';
BEGIN
    -- Deliverers claim one after the other, so that they meet the buckets in no order that could deadlock.
    PERFORM pg_advisory_xact_lock(hashtextextended('aegis.claim_alert_deliveries', 0));

    FOR v_due IN
        SELECT d.delivery_id AS id, d.attempts, d.idempotency_key AS delivery_key, a AS alert, c AS channel_row
          FROM aegis.alert_deliveries AS d
          JOIN aegis.alerts AS a ON a.alert_id = d.alert_id
          JOIN aegis.alert_channels AS c ON c.channel = d.channel AND c.is_enabled
         WHERE d.state IN ('pending', 'claimed')
           AND d.next_attempt_at <= v_now
         ORDER BY aegis._severity_rank(a.severity) DESC, d.next_attempt_at, d.delivery_id
         LIMIT greatest(p_limit, 0) * 4
           FOR UPDATE OF d SKIP LOCKED
    LOOP
        EXIT WHEN v_taken >= p_limit;
        channel := (v_due.channel_row).channel;
        CONTINUE WHEN channel = ANY (v_empty);

        -- The last claim ended without an answer, and there is no further attempt.
        IF v_due.attempts >= (v_due.channel_row).attempts_maximum THEN
            UPDATE aegis.alert_deliveries AS d
               SET state = 'dead', last_error = coalesce(d.last_error, 'no answer from the deliverer')
             WHERE d.delivery_id = v_due.id;
            CONTINUE;
        END IF;

        IF NOT aegis._has_taken_token(format('channel:%s', channel), (v_due.channel_row).rate_per_minute,
                                      (v_due.channel_row).burst)
        THEN
            v_empty := v_empty || channel;
            CONTINUE;
        END IF;

        IF v_due.attempts = 0 AND (v_due.alert).severity <> 'critical' AND NOT (
            ((v_due.alert).rule_code IS NULL
             OR aegis._has_taken_token(format('rule:%s:%s', channel, (v_due.alert).rule_code),
                                       aegis.configuration('aegis.alert_rule_rate')::numeric,
                                       aegis.configuration('aegis.alert_rule_burst')::integer))
            AND ((v_due.alert).stock_code IS NULL
                 OR aegis._has_taken_token(format('code:%s:%s', channel, (v_due.alert).stock_code),
                                           aegis.configuration('aegis.alert_code_rate')::numeric,
                                           aegis.configuration('aegis.alert_code_burst')::integer))
        ) THEN
            UPDATE aegis.alert_deliveries AS d SET state = 'throttled' WHERE d.delivery_id = v_due.id;
            UPDATE aegis.alert_buckets AS b SET tokens = b.tokens + 1 WHERE b.bucket = format('channel:%s', channel);
            CONTINUE;
        END IF;

        UPDATE aegis.alert_deliveries AS d
           SET state = 'claimed',
               attempts = d.attempts + 1,
               claimed_by = p_deliverer,
               next_attempt_at = v_now + aegis.configuration('aegis.alert_claim_time')::interval
         WHERE d.delivery_id = v_due.id;
        v_taken := v_taken + 1;

        delivery_id := v_due.id;
        attempt := v_due.attempts + 1;
        idempotency_key := v_due.delivery_key;
        alert_id := (v_due.alert).alert_id;
        alert_kind := (v_due.alert).alert_kind;
        severity := (v_due.alert).severity;
        raised_at := (v_due.alert).raised_at;
        language := (v_due.channel_row).language;
        title := CASE language WHEN 'en' THEN (v_due.alert).title_en ELSE (v_due.alert).title_ko END;
        body := CASE language WHEN 'en' THEN (v_due.alert).body_en ELSE (v_due.alert).body_ko END;
        detail := (v_due.alert).detail;
        adapter := (v_due.channel_row).adapter;
        endpoint := (v_due.channel_row).endpoint;
        secret_name := (v_due.channel_row).secret_name;
        RETURN NEXT;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis.claim_alert_deliveries(text, integer) IS -- noqa: LT01
'Claims deliveries that are due, the gravest first, within the rates of their channel, rule and code.';

ALTER FUNCTION aegis.claim_alert_deliveries(text, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.claim_alert_deliveries(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.claim_alert_deliveries(text, integer) TO aegis_operator;
