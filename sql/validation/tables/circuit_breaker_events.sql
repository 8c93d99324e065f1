-- Every step of every circuit breaker. Append-only.

CREATE TABLE aegis.circuit_breaker_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    scope text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text NOT NULL,
    batch_number bigint,
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acted_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT circuit_breaker_events_pk PRIMARY KEY (event_id),
    CONSTRAINT circuit_breaker_events_breaker_fk
    FOREIGN KEY (scope, subject) REFERENCES aegis.circuit_breakers (scope, subject),
    CONSTRAINT circuit_breaker_events_reason_ck CHECK (btrim(reason) <> '')
);

CREATE INDEX circuit_breaker_events_breaker_ix ON aegis.circuit_breaker_events (scope, subject);

COMMENT ON TABLE aegis.circuit_breaker_events IS 'Steps of the circuit breakers, with reason and actor; append-only.';
COMMENT ON COLUMN aegis.circuit_breaker_events.event_id IS 'Identity, in order of time.';
COMMENT ON COLUMN aegis.circuit_breaker_events.scope IS 'code, source or market.';
COMMENT ON COLUMN aegis.circuit_breaker_events.subject IS 'The stock code, source or market.';
COMMENT ON COLUMN aegis.circuit_breaker_events.from_state IS 'State before.';
COMMENT ON COLUMN aegis.circuit_breaker_events.to_state IS 'State after; the same where a probe passed and more are due.';
COMMENT ON COLUMN aegis.circuit_breaker_events.reason IS 'Why.';
COMMENT ON COLUMN aegis.circuit_breaker_events.batch_number IS 'Batch that caused it; null when a person did.';
COMMENT ON COLUMN aegis.circuit_breaker_events.acted_at IS 'When.';
COMMENT ON COLUMN aegis.circuit_breaker_events.acted_by IS 'Login role whose batch or call it was.';

ALTER TABLE aegis.circuit_breaker_events OWNER TO aegis_owner;
GRANT SELECT ON aegis.circuit_breaker_events TO aegis_reader;
