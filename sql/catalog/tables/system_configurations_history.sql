-- Every superseded value of a setting.

CREATE TABLE aegis.system_configurations_history (
    configuration_key text COLLATE "C" NOT NULL,
    value_type text NOT NULL,
    configuration_value text NOT NULL,
    data_version integer NOT NULL,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT system_configurations_history_pk PRIMARY KEY (configuration_key, data_version)
);

COMMENT ON TABLE aegis.system_configurations_history IS
'Superseded values of aegis.system_configurations, written by its history trigger.';
COMMENT ON COLUMN aegis.system_configurations_history.configuration_key IS 'The setting.';
COMMENT ON COLUMN aegis.system_configurations_history.value_type IS 'Its type at the time.';
COMMENT ON COLUMN aegis.system_configurations_history.configuration_value IS 'The superseded value, as text.';
COMMENT ON COLUMN aegis.system_configurations_history.data_version IS 'Version of the superseded value.';
COMMENT ON COLUMN aegis.system_configurations_history.change_reason IS 'Why it had this value.';
COMMENT ON COLUMN aegis.system_configurations_history.last_updated IS 'When it got this value.';
COMMENT ON COLUMN aegis.system_configurations_history.updated_by IS 'Login role that gave it this value.';
COMMENT ON COLUMN aegis.system_configurations_history.superseded_at IS 'When the value was superseded.';
COMMENT ON COLUMN aegis.system_configurations_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.system_configurations_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.system_configurations_history TO aegis_reader;
