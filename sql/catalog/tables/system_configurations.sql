-- Typed settings, of AEGIS itself (keys that begin with aegis.) and of the applications
-- around it. One row per key; values are text in a form that the declared type accepts.

CREATE TABLE aegis.system_configurations (
    configuration_key text COLLATE "C" NOT NULL,
    value_type text NOT NULL,
    configuration_value text NOT NULL,
    default_value text NOT NULL,
    minimum_value numeric,
    maximum_value numeric,
    unit text,
    description text NOT NULL,
    data_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL DEFAULT 'installed',
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT system_configurations_pk PRIMARY KEY (configuration_key),
    CONSTRAINT system_configurations_key_ck
    CHECK (configuration_key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
    CONSTRAINT system_configurations_type_ck
    CHECK (value_type IN ('boolean', 'integer', 'numeric', 'interval', 'text')),
    CONSTRAINT system_configurations_bounds_ck CHECK (
        (minimum_value IS NULL AND maximum_value IS NULL)
        OR value_type IN ('integer', 'numeric', 'interval')
    ),
    CONSTRAINT system_configurations_version_ck CHECK (data_version > 0),
    CONSTRAINT system_configurations_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.system_configurations IS
'Typed settings of AEGIS (keys aegis.*) and of applications; changed by aegis.change_configuration.';
COMMENT ON COLUMN aegis.system_configurations.configuration_key IS
'Dotted lower-case name, such as aegis.partition_months_ahead.';
COMMENT ON COLUMN aegis.system_configurations.value_type IS
'boolean, integer, numeric, interval or text; the value must be readable as this type.';
COMMENT ON COLUMN aegis.system_configurations.configuration_value IS 'The value in force, as text.';
COMMENT ON COLUMN aegis.system_configurations.default_value IS 'The value AEGIS was installed with.';
COMMENT ON COLUMN aegis.system_configurations.minimum_value IS
'Smallest value allowed, null for no bound; of an interval in seconds.';
COMMENT ON COLUMN aegis.system_configurations.maximum_value IS
'Largest value allowed, null for no bound; of an interval in seconds.';
COMMENT ON COLUMN aegis.system_configurations.unit IS 'Unit of the value, null where it has none.';
COMMENT ON COLUMN aegis.system_configurations.description IS 'What the setting decides.';
COMMENT ON COLUMN aegis.system_configurations.data_version IS '1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.system_configurations.change_reason IS 'Why it has this value.';
COMMENT ON COLUMN aegis.system_configurations.last_updated IS 'When it got this value.';
COMMENT ON COLUMN aegis.system_configurations.updated_by IS 'Login role that gave it this value.';

ALTER TABLE aegis.system_configurations OWNER TO aegis_owner;
GRANT SELECT ON aegis.system_configurations TO aegis_reader;
