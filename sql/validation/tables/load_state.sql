-- How loaded the database is, and which rules are put off because of it. One row.

CREATE TABLE aegis.load_state (
    load_state_id smallint NOT NULL DEFAULT 1,
    level smallint NOT NULL DEFAULT 0,
    level_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    measured_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    measures jsonb NOT NULL DEFAULT '{}',
    calm_from timestamptz,
    override_level smallint,
    override_until timestamptz,
    override_reason text,
    override_by text,

    CONSTRAINT load_state_pk PRIMARY KEY (load_state_id),
    CONSTRAINT load_state_one_ck CHECK (load_state_id = 1),
    CONSTRAINT load_state_level_ck CHECK (level BETWEEN 0 AND 3),
    CONSTRAINT load_state_override_ck CHECK (
        override_level BETWEEN 0 AND 3
        AND num_nulls(override_level, override_until, override_reason, override_by) IN (0, 4)
    )
);

COMMENT ON TABLE aegis.load_state IS
'How loaded the database is; measured by aegis.refresh_load_level. One row; each change of level is in the ledger.';
COMMENT ON COLUMN aegis.load_state.load_state_id IS 'Always 1.';
COMMENT ON COLUMN aegis.load_state.level IS '0 (all rules run) to 3 (only the most important ones).';
COMMENT ON COLUMN aegis.load_state.level_from IS 'Since when the level is so.';
COMMENT ON COLUMN aegis.load_state.measured_at IS 'When the load was measured last; too long ago counts as level 0.';
COMMENT ON COLUMN aegis.load_state.measures IS 'What was measured: backends, waiting, batch_seconds.';
COMMENT ON COLUMN aegis.load_state.calm_from IS 'Since when the load is below that of its level; null while it is not.';
COMMENT ON COLUMN aegis.load_state.override_level IS 'Level that a person set; null for none.';
COMMENT ON COLUMN aegis.load_state.override_until IS 'Until when that holds.';
COMMENT ON COLUMN aegis.load_state.override_reason IS 'Why.';
COMMENT ON COLUMN aegis.load_state.override_by IS 'Who set it.';

ALTER TABLE aegis.load_state OWNER TO aegis_owner;
GRANT SELECT ON aegis.load_state TO aegis_reader;
