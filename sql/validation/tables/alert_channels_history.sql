-- Every superseded state of an alert channel.

CREATE TABLE aegis.alert_channels_history (
    channel text COLLATE "C" NOT NULL,
    adapter text NOT NULL,
    endpoint text NOT NULL,
    language text NOT NULL,
    minimum_severity text NOT NULL,
    alert_kinds text [],
    secret_name text COLLATE "C",
    rate_per_minute numeric NOT NULL,
    burst integer NOT NULL,
    attempts_maximum integer NOT NULL,
    is_enabled boolean NOT NULL,
    data_version integer NOT NULL,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT alert_channels_history_pk PRIMARY KEY (channel, data_version)
);

COMMENT ON TABLE aegis.alert_channels_history IS
'Superseded states of aegis.alert_channels, written by its history trigger.';
COMMENT ON COLUMN aegis.alert_channels_history.channel IS 'Name of the channel.';
COMMENT ON COLUMN aegis.alert_channels_history.adapter IS 'Its adapter at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.endpoint IS 'Its address at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.language IS 'Its language at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.minimum_severity IS 'Its least severity at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.alert_kinds IS 'Its kinds at the time; null for all.';
COMMENT ON COLUMN aegis.alert_channels_history.secret_name IS 'Name of its key at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.rate_per_minute IS 'Its rate at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.burst IS 'Its burst at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.attempts_maximum IS 'Its attempts at the time.';
COMMENT ON COLUMN aegis.alert_channels_history.is_enabled IS 'Whether alerts went there.';
COMMENT ON COLUMN aegis.alert_channels_history.data_version IS 'Version of the superseded state.';
COMMENT ON COLUMN aegis.alert_channels_history.change_reason IS 'Why it was so.';
COMMENT ON COLUMN aegis.alert_channels_history.last_updated IS 'When it became so.';
COMMENT ON COLUMN aegis.alert_channels_history.updated_by IS 'Login role that made it so.';
COMMENT ON COLUMN aegis.alert_channels_history.superseded_at IS 'When it was superseded.';
COMMENT ON COLUMN aegis.alert_channels_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.alert_channels_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.alert_channels_history TO aegis_auditor;
