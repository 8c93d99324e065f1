-- What trips a circuit breaker, a row a condition: so many findings of a severity, or so many rows of a source put aside
-- or too old, within a time. Changed by aegis.change_breaker_condition.

CREATE TABLE aegis.breaker_conditions (
    condition_code text COLLATE "C" NOT NULL,
    kind text NOT NULL DEFAULT 'findings',
    scope text NOT NULL,
    rule_code text COLLATE "C",
    minimum_severity text NOT NULL,
    threshold numeric NOT NULL,
    minimum_rows integer NOT NULL DEFAULT 1,
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
    CONSTRAINT breaker_conditions_kind_ck
    CHECK (kind IN ('findings', 'dead_letters', 'put_aside_share', 'stale_share')),
    -- Rows that were put aside or too old are known by batch, not by code.
    CONSTRAINT breaker_conditions_kind_scope_ck CHECK (kind = 'findings' OR scope = 'source'),
    CONSTRAINT breaker_conditions_rule_ck CHECK (rule_code IS NULL OR kind IN ('findings', 'dead_letters')),
    CONSTRAINT breaker_conditions_threshold_ck CHECK (
        CASE WHEN kind IN ('findings', 'dead_letters') THEN threshold BETWEEN 1 AND 1000000 AND threshold = trunc(threshold)
             ELSE threshold > 0 AND threshold <= 1 END
    ),
    CONSTRAINT breaker_conditions_rows_ck CHECK (minimum_rows BETWEEN 1 AND 1000000),
    CONSTRAINT breaker_conditions_period_ck CHECK (period BETWEEN INTERVAL '1 second' AND INTERVAL '1 day'),
    CONSTRAINT breaker_conditions_cooldown_ck CHECK (cooldown BETWEEN INTERVAL '1 second' AND INTERVAL '7 days'),
    CONSTRAINT breaker_conditions_probes_ck CHECK (probe_batches BETWEEN 1 AND 1000),
    CONSTRAINT breaker_conditions_version_ck CHECK (data_version > 0),
    CONSTRAINT breaker_conditions_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.breaker_conditions IS
'What trips circuit breakers, as data; changed by aegis.change_breaker_condition.';
COMMENT ON COLUMN aegis.breaker_conditions.condition_code IS 'Name of the condition.';
COMMENT ON COLUMN aegis.breaker_conditions.kind IS
'What is measured. findings: open findings; dead_letters: rows put aside; put_aside_share: their share of all rows; '
'stale_share: share of rows older than what is stored. What a circuit breaker itself put aside does not count.';
COMMENT ON COLUMN aegis.breaker_conditions.scope IS 'What it trips: code, source or market.';
COMMENT ON COLUMN aegis.breaker_conditions.rule_code IS 'Rule whose findings count, or reason of the dead letters that do; null: any.';
COMMENT ON COLUMN aegis.breaker_conditions.minimum_severity IS 'Findings less grave do not count, nor do they fail a probe.';
COMMENT ON COLUMN aegis.breaker_conditions.threshold IS
'So much trips it: a number of findings or rows, or a share from 0 to 1.';
COMMENT ON COLUMN aegis.breaker_conditions.minimum_rows IS 'A share of fewer rows than these trips nothing.';
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
