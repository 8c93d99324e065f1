-- Token buckets that throttle deliveries: one per channel, rule and code. Only deliverers touch them, never ingest.

CREATE TABLE aegis.alert_buckets (
    bucket text COLLATE "C" NOT NULL,
    tokens numeric NOT NULL,
    refilled_at timestamptz NOT NULL,

    CONSTRAINT alert_buckets_pk PRIMARY KEY (bucket),
    CONSTRAINT alert_buckets_tokens_ck CHECK (tokens >= 0)
);

COMMENT ON TABLE aegis.alert_buckets IS 'Token buckets of alert delivery, by channel, rule and code.';
COMMENT ON COLUMN aegis.alert_buckets.bucket IS 'channel:NAME, rule:CHANNEL:CODE or code:CHANNEL:CODE.';
COMMENT ON COLUMN aegis.alert_buckets.tokens IS 'Deliveries that may go at once, as of refilled_at.';
COMMENT ON COLUMN aegis.alert_buckets.refilled_at IS 'When the tokens were counted last.';

ALTER TABLE aegis.alert_buckets OWNER TO aegis_owner;
