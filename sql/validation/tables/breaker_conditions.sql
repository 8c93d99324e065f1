-- What trips a circuit breaker: so many findings of a severity within a time. Changed by aegis.change_breaker_condition.

CREATE TABLE aegis.breaker_conditions (
    condition_code text COLLATE "C" NOT NULL,
    scope text NOT NULL,
    rule_code text COLLATE "C",
    minimum_severity text NOT NULL,
    findings integer NOT NULL,
    period interval NOT NULL,
    cooldown interval NOT NULL,
    probe_batches integer NOT NULL,
    is_enabled boolean NOT NULL DEFAULT TRUE,
    data_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL DEFAULT 'installed',
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT breaker_conditions_pk PRIMARY KEY (condition_code),
    CONSTRAINT breaker_conditions_code_ck CHECK (condition_code ~ '^[a-z][a-z0-9_]{2,62}$'),
    CONSTRAINT breaker_conditions_scope_ck CHECK (scope IN ('code', 'source', 'market')),
    CONSTRAINT breaker_conditions_severity_ck CHECK (aegis._severity_rank(minimum_severity) IS NOT NULL),
    CONSTRAINT breaker_conditions_findings_ck CHECK (findings BETWEEN 1 AND 100000),
    CONSTRAINT breaker_conditions_period_ck CHECK (period BETWEEN INTERVAL '1 second' AND INTERVAL '1 day'),
    CONSTRAINT breaker_conditions_cooldown_ck CHECK (cooldown BETWEEN INTERVAL '1 second' AND INTERVAL '7 days'),
    CONSTRAINT breaker_conditions_probes_ck CHECK (probe_batches BETWEEN 1 AND 1000),
    CONSTRAINT breaker_conditions_version_ck CHECK (data_version > 0),
    CONSTRAINT breaker_conditions_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.breaker_conditions IS
'What trips circuit breakers, as data; changed by aegis.change_breaker_condition.';
COMMENT ON COLUMN aegis.breaker_conditions.condition_code IS 'Name of the condition.';
COMMENT ON COLUMN aegis.breaker_conditions.scope IS 'What it trips: code, source or market.';
COMMENT ON COLUMN aegis.breaker_conditions.rule_code IS 'Rule whose findings count; null: any.';
COMMENT ON COLUMN aegis.breaker_conditions.minimum_severity IS 'Findings less grave do not count.';
COMMENT ON COLUMN aegis.breaker_conditions.findings IS 'So many findings trip it.';
COMMENT ON COLUMN aegis.breaker_conditions.period IS 'Within so much time.';
COMMENT ON COLUMN aegis.breaker_conditions.cooldown IS 'Time from tripping to the first probe.';
COMMENT ON COLUMN aegis.breaker_conditions.probe_batches IS 'Probes without a finding that close it again.';
COMMENT ON COLUMN aegis.breaker_conditions.is_enabled IS 'Whether it counts at all.';
COMMENT ON COLUMN aegis.breaker_conditions.data_version IS '1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.breaker_conditions.change_reason IS 'Why it is as it is.';
COMMENT ON COLUMN aegis.breaker_conditions.last_updated IS 'When it became so.';
COMMENT ON COLUMN aegis.breaker_conditions.updated_by IS 'Login role that made it so.';

ALTER TABLE aegis.breaker_conditions OWNER TO aegis_owner;
GRANT SELECT ON aegis.breaker_conditions TO aegis_reader;
