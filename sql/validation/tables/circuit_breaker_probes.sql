-- Batches that were let through a tripped circuit breaker to try. Append-only.

CREATE TABLE aegis.circuit_breaker_probes (
    batch_number bigint NOT NULL,
    scope text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    admitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT circuit_breaker_probes_pk PRIMARY KEY (batch_number, scope, subject),
    CONSTRAINT circuit_breaker_probes_breaker_fk
    FOREIGN KEY (scope, subject) REFERENCES aegis.circuit_breakers (scope, subject)
);

CREATE INDEX circuit_breaker_probes_breaker_ix ON aegis.circuit_breaker_probes (scope, subject);

COMMENT ON TABLE aegis.circuit_breaker_probes IS 'Batches let through a tripped circuit breaker to try; append-only.';
COMMENT ON COLUMN aegis.circuit_breaker_probes.batch_number IS 'The batch.';
COMMENT ON COLUMN aegis.circuit_breaker_probes.scope IS 'code, source or market.';
COMMENT ON COLUMN aegis.circuit_breaker_probes.subject IS 'The stock code, source or market.';
COMMENT ON COLUMN aegis.circuit_breaker_probes.admitted_at IS 'When it was let through.';

ALTER TABLE aegis.circuit_breaker_probes OWNER TO aegis_owner;
GRANT SELECT ON aegis.circuit_breaker_probes TO aegis_reader;
