-- The outbox: one row per alert and channel, written in the transaction that raised the alert. A deliverer claims
-- a row for a time, sends it and settles it; one that dies loses its claim. So each is sent at least once.

CREATE TABLE aegis.alert_deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY,
    alert_id bigint NOT NULL,
    channel text COLLATE "C" NOT NULL,
    idempotency_key uuid NOT NULL DEFAULT gen_random_uuid(),
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by text,
    delivered_at timestamptz,
    last_error text,

    CONSTRAINT alert_deliveries_pk PRIMARY KEY (delivery_id),
    CONSTRAINT alert_deliveries_alert_uq UNIQUE (alert_id, channel),
    CONSTRAINT alert_deliveries_alert_fk FOREIGN KEY (alert_id) REFERENCES aegis.alerts (alert_id),
    CONSTRAINT alert_deliveries_channel_fk FOREIGN KEY (channel) REFERENCES aegis.alert_channels (channel),
    CONSTRAINT alert_deliveries_state_ck
    CHECK (state IN ('pending', 'claimed', 'delivered', 'throttled', 'dead')),
    CONSTRAINT alert_deliveries_attempts_ck CHECK (attempts >= 0),
    CONSTRAINT alert_deliveries_delivered_ck CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);

CREATE INDEX alert_deliveries_channel_ix ON aegis.alert_deliveries (channel);
CREATE INDEX alert_deliveries_due_ix ON aegis.alert_deliveries (next_attempt_at)
WHERE state IN ('pending', 'claimed');

COMMENT ON TABLE aegis.alert_deliveries IS 'Outbox of alerts, one row per alert and channel; delivered at least once.';
COMMENT ON COLUMN aegis.alert_deliveries.delivery_id IS 'Identity of the delivery.';
COMMENT ON COLUMN aegis.alert_deliveries.alert_id IS 'The alert.';
COMMENT ON COLUMN aegis.alert_deliveries.channel IS 'Where it goes.';
COMMENT ON COLUMN aegis.alert_deliveries.idempotency_key IS
'Sent with each attempt: the receiver tells a repetition from a new alert by it.';
COMMENT ON COLUMN aegis.alert_deliveries.state IS
'pending, claimed (being sent), delivered, throttled (too many of one rule or code), dead (given up).';
COMMENT ON COLUMN aegis.alert_deliveries.attempts IS 'Attempts begun.';
COMMENT ON COLUMN aegis.alert_deliveries.next_attempt_at IS
'When it is due; of a claimed one, when its claim ends and others may take it.';
COMMENT ON COLUMN aegis.alert_deliveries.claimed_by IS 'Deliverer that claimed it last.';
COMMENT ON COLUMN aegis.alert_deliveries.delivered_at IS 'When the receiver accepted it.';
COMMENT ON COLUMN aegis.alert_deliveries.last_error IS 'What went wrong last.';

ALTER TABLE aegis.alert_deliveries OWNER TO aegis_owner;
GRANT SELECT ON aegis.alert_deliveries TO aegis_operator, aegis_auditor;
