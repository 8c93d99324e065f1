-- Every superseded condition of circuit breakers.

CREATE TABLE aegis.breaker_conditions_history (
    condition_code text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    scope text NOT NULL,
    rule_code text COLLATE "C",
    minimum_severity text NOT NULL,
    threshold numeric NOT NULL,
    minimum_rows integer NOT NULL,
    period interval NOT NULL,
    cooldown interval NOT NULL,
    probe_batches integer NOT NULL,
    is_enabled boolean NOT NULL,
    data_version integer NOT NULL,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT breaker_conditions_history_pk PRIMARY KEY (condition_code, data_version)
);

COMMENT ON TABLE aegis.breaker_conditions_history IS
'Superseded versions of aegis.breaker_conditions, written by its history trigger.';
COMMENT ON COLUMN aegis.breaker_conditions_history.condition_code IS 'Name of the condition.';
COMMENT ON COLUMN aegis.breaker_conditions_history.kind IS 'Superseded: what is measured.';
COMMENT ON COLUMN aegis.breaker_conditions_history.scope IS 'Superseded: what it trips: code, source or market.';
COMMENT ON COLUMN aegis.breaker_conditions_history.rule_code IS 'Superseded: rule or reason that counts; null: any.';
COMMENT ON COLUMN aegis.breaker_conditions_history.minimum_severity IS 'Superseded: findings less grave do not count.';
COMMENT ON COLUMN aegis.breaker_conditions_history.threshold IS 'Superseded: so much trips it.';
COMMENT ON COLUMN aegis.breaker_conditions_history.minimum_rows IS 'Superseded: a share of fewer rows than these trips nothing.';
COMMENT ON COLUMN aegis.breaker_conditions_history.period IS 'Superseded: within so much time.';
COMMENT ON COLUMN aegis.breaker_conditions_history.cooldown IS 'Superseded: time from tripping to the first probe.';
COMMENT ON COLUMN aegis.breaker_conditions_history.probe_batches IS 'Superseded: probes without a finding that close it again.';
COMMENT ON COLUMN aegis.breaker_conditions_history.is_enabled IS 'Superseded: whether it counts at all.';
COMMENT ON COLUMN aegis.breaker_conditions_history.data_version IS 'Superseded: 1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.breaker_conditions_history.change_reason IS 'Superseded: why it is as it is.';
COMMENT ON COLUMN aegis.breaker_conditions_history.last_updated IS 'Superseded: when it became so.';
COMMENT ON COLUMN aegis.breaker_conditions_history.updated_by IS 'Superseded: login role that made it so.';
COMMENT ON COLUMN aegis.breaker_conditions_history.superseded_at IS 'When it was superseded.';
COMMENT ON COLUMN aegis.breaker_conditions_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.breaker_conditions_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.breaker_conditions_history TO aegis_reader;
