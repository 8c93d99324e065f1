-- Circuit breakers that a grave finding has ever concerned; all others are closed and have no row. An open one quarantines
-- the rows of its code, source or market; after its cooldown a limited number of batches may try, and closes it or opens it again.

CREATE TABLE aegis.circuit_breakers (
    scope text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    condition_code text COLLATE "C",
    minimum_severity text NOT NULL,
    opened_at timestamptz,
    probing_from timestamptz,
    cooldown interval,
    probe_batches integer NOT NULL,
    probes_passed integer NOT NULL DEFAULT 0,
    trips bigint NOT NULL DEFAULT 0,
    counts_after bigint NOT NULL DEFAULT 0,
    state_version integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT circuit_breakers_pk PRIMARY KEY (scope, subject),
    CONSTRAINT circuit_breakers_scope_ck CHECK (scope IN ('code', 'source', 'market')),
    CONSTRAINT circuit_breakers_state_ck CHECK (state IN ('closed', 'open', 'half_open')),
    CONSTRAINT circuit_breakers_reason_ck CHECK (btrim(reason) <> ''),
    CONSTRAINT circuit_breakers_opened_ck CHECK ((state = 'closed') = (opened_at IS NULL)),
    CONSTRAINT circuit_breakers_probing_ck CHECK ((state = 'closed') = (probing_from IS NULL)),
    CONSTRAINT circuit_breakers_probes_ck CHECK (probe_batches > 0 AND probes_passed BETWEEN 0 AND probe_batches),
    CONSTRAINT circuit_breakers_version_ck CHECK (state_version > 0)
);

CREATE INDEX circuit_breakers_tripped_ix ON aegis.circuit_breakers (scope, subject) WHERE state <> 'closed';

COMMENT ON TABLE aegis.circuit_breakers IS
'Circuit breakers by code, source and market; what has no row is closed. Each step is in aegis.circuit_breaker_events.';
COMMENT ON COLUMN aegis.circuit_breakers.scope IS 'code, source or market.';
COMMENT ON COLUMN aegis.circuit_breakers.subject IS 'The stock code, source or market.';
COMMENT ON COLUMN aegis.circuit_breakers.state IS
'closed; open (rows are quarantined); half_open (some batches may try, the rest is quarantined).';
COMMENT ON COLUMN aegis.circuit_breakers.reason IS 'Why it has this state.';
COMMENT ON COLUMN aegis.circuit_breakers.condition_code IS 'Condition that tripped it, of aegis.breaker_conditions; null: by hand.';
COMMENT ON COLUMN aegis.circuit_breakers.minimum_severity IS 'A finding of a probe that grave opens it again.';
COMMENT ON COLUMN aegis.circuit_breakers.opened_at IS 'When it tripped, or failed its last probe; null while closed.';
COMMENT ON COLUMN aegis.circuit_breakers.probing_from IS 'From when on batches may try; infinity: not before a reset.';
COMMENT ON COLUMN aegis.circuit_breakers.cooldown IS 'Time between tripping and probing; null: for ever.';
COMMENT ON COLUMN aegis.circuit_breakers.probe_batches IS 'Probes without a finding that close it.';
COMMENT ON COLUMN aegis.circuit_breakers.probes_passed IS 'Probes without a finding so far.';
COMMENT ON COLUMN aegis.circuit_breakers.trips IS 'How often it has opened.';
COMMENT ON COLUMN aegis.circuit_breakers.counts_after IS 'Findings up to this number do not count: it was closed after them.';
COMMENT ON COLUMN aegis.circuit_breakers.state_version IS 'One more with each step.';
COMMENT ON COLUMN aegis.circuit_breakers.changed_at IS 'When it took its last step.';
COMMENT ON COLUMN aegis.circuit_breakers.changed_by IS 'Login role whose batch or call moved it.';

ALTER TABLE aegis.circuit_breakers OWNER TO aegis_owner;
GRANT SELECT ON aegis.circuit_breakers TO aegis_reader;
