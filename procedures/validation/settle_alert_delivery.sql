-- settle_alert_delivery: say how an attempt to deliver ended.
--
-- Call     CALL aegis.settle_alert_delivery(17, 1, 'delivered');
-- Role     aegis_operator
-- Locks    the delivery's row, until the caller's transaction ends
-- Raises   AEV64  the delivery is not claimed under this attempt: another deliverer has it
--          AEV65  the outcome is none of delivered, failed, refused
-- Repeat   not idempotent: the second call raises AEV64
--
-- failed: worth another try, later each time; refused: the receiver will never take it. An alert delivered after
-- its claim ended may go out twice; the idempotency key tells the receiver.

CREATE OR REPLACE PROCEDURE aegis.settle_alert_delivery(
    p_delivery_id bigint,
    p_attempt integer,
    p_outcome text,
    p_error text DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_delivery aegis.alert_deliveries;
    v_is_last boolean;
BEGIN
    IF p_outcome IS NULL OR p_outcome NOT IN ('delivered', 'failed', 'refused') THEN
        RAISE EXCEPTION 'a delivery cannot end as %', coalesce(quote_literal(p_outcome), 'null')
            USING ERRCODE = 'AEV65',
                  HINT = 'Pass delivered, failed or refused.';
    END IF;

    SELECT d.* INTO v_delivery FROM aegis.alert_deliveries AS d WHERE d.delivery_id = p_delivery_id FOR UPDATE;
    IF NOT FOUND OR (v_delivery.state, v_delivery.attempts) IS DISTINCT FROM ('claimed', p_attempt) THEN
        RAISE EXCEPTION 'delivery % is not claimed under attempt %', p_delivery_id, p_attempt
            USING ERRCODE = 'AEV64', SCHEMA = 'aegis', TABLE = 'alert_deliveries',
                  DETAIL = CASE WHEN v_delivery.delivery_id IS NULL THEN 'There is no such delivery.'
                                ELSE format('It is %s, attempt %s, last claimed by %s.', v_delivery.state,
                                            v_delivery.attempts, coalesce(v_delivery.claimed_by, 'nobody')) END,
                  HINT = 'Claim again; aegis.alert_claim_time limits how long a claim lasts.';
    END IF;

    SELECT p_attempt >= c.attempts_maximum INTO v_is_last
      FROM aegis.alert_channels AS c
     WHERE c.channel = v_delivery.channel;

    -- The jitter keeps deliveries that failed together from coming back together.
    UPDATE aegis.alert_deliveries AS d
       SET state = CASE
                       WHEN p_outcome = 'delivered' THEN 'delivered'
                       WHEN p_outcome = 'refused' OR v_is_last THEN 'dead'
                       ELSE 'pending'
                   END,
           delivered_at = CASE p_outcome WHEN 'delivered' THEN clock_timestamp() END,
           next_attempt_at = clock_timestamp() + least(
               aegis.configuration('aegis.alert_backoff_maximum')::interval,
               aegis.configuration('aegis.alert_backoff_base')::interval * power(2, least(p_attempt, 20) - 1)
           ) * (0.75 + random() / 2),
           last_error = CASE p_outcome WHEN 'delivered' THEN d.last_error ELSE left(p_error, 500) END
     WHERE d.delivery_id = p_delivery_id;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.settle_alert_delivery(bigint, integer, text, text) IS -- noqa: LT01
'Ends an attempt to deliver: done, to be tried again later, or given up; raises AEV64 or AEV65.';

ALTER PROCEDURE aegis.settle_alert_delivery(bigint, integer, text, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.settle_alert_delivery(bigint, integer, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.settle_alert_delivery(bigint, integer, text, text) TO aegis_operator;
