-- Where alerts go. The secret of a channel is never here: the deliverer reads it by its name.

CREATE TABLE aegis.alert_channels (
    channel text COLLATE "C" NOT NULL,
    adapter text NOT NULL,
    endpoint text NOT NULL,
    language text NOT NULL DEFAULT 'ko',
    minimum_severity text NOT NULL DEFAULT 'warning',
    alert_kinds text [],
    secret_name text COLLATE "C",
    rate_per_minute numeric NOT NULL DEFAULT 30,
    burst integer NOT NULL DEFAULT 10,
    attempts_maximum integer NOT NULL DEFAULT 8,
    is_enabled boolean NOT NULL DEFAULT TRUE,
    data_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT alert_channels_pk PRIMARY KEY (channel),
    CONSTRAINT alert_channels_channel_ck CHECK (channel ~ '^[a-z][a-z0-9_-]{0,62}$'),
    CONSTRAINT alert_channels_adapter_ck CHECK (adapter IN ('webhook', 'smtp')),
    CONSTRAINT alert_channels_endpoint_ck CHECK (
        CASE adapter
            WHEN 'webhook'
                THEN endpoint ~ '^(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost|\[::1\]))(:[0-9]{1,5})?(/[!-~]*)?$'
            ELSE endpoint ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'
        END
    ),
    CONSTRAINT alert_channels_language_ck CHECK (language IN ('en', 'ko')),
    CONSTRAINT alert_channels_severity_ck CHECK (aegis._severity_rank(minimum_severity) IS NOT NULL),
    CONSTRAINT alert_channels_secret_ck CHECK (secret_name ~ '^[a-z][a-z0-9_]{0,62}$'),
    CONSTRAINT alert_channels_rate_ck CHECK (rate_per_minute > 0 AND rate_per_minute <= 6000),
    CONSTRAINT alert_channels_burst_ck CHECK (burst BETWEEN 1 AND 1000),
    CONSTRAINT alert_channels_attempts_ck CHECK (attempts_maximum BETWEEN 1 AND 50),
    CONSTRAINT alert_channels_version_ck CHECK (data_version > 0),
    CONSTRAINT alert_channels_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.alert_channels IS 'Where alerts go, and which; changed by aegis.set_alert_channel.';
COMMENT ON COLUMN aegis.alert_channels.channel IS 'Name of the channel.';
COMMENT ON COLUMN aegis.alert_channels.adapter IS 'webhook: signed POST; smtp: e-mail.';
COMMENT ON COLUMN aegis.alert_channels.endpoint IS
'Address: an https URL (http on loopback only), or an e-mail address. The deliverer calls only hosts it was started with.';
COMMENT ON COLUMN aegis.alert_channels.language IS 'en or ko.';
COMMENT ON COLUMN aegis.alert_channels.minimum_severity IS 'Alerts below it do not go here.';
COMMENT ON COLUMN aegis.alert_channels.alert_kinds IS 'Kinds that go here; null for all.';
COMMENT ON COLUMN aegis.alert_channels.secret_name IS
'Name of the signing key, which the deliverer finds in its environment or secret directory; null for none.';
COMMENT ON COLUMN aegis.alert_channels.rate_per_minute IS 'Deliveries a minute in the long run; the rest waits.';
COMMENT ON COLUMN aegis.alert_channels.burst IS 'Deliveries at once after a quiet time.';
COMMENT ON COLUMN aegis.alert_channels.attempts_maximum IS 'After so many failures a delivery is dead.';
COMMENT ON COLUMN aegis.alert_channels.is_enabled IS 'Whether alerts go here now.';
COMMENT ON COLUMN aegis.alert_channels.data_version IS '1 when made, one more with each change.';
COMMENT ON COLUMN aegis.alert_channels.change_reason IS 'Why it is as it is.';
COMMENT ON COLUMN aegis.alert_channels.last_updated IS 'When it was changed last.';
COMMENT ON COLUMN aegis.alert_channels.updated_by IS 'Login role that changed it last.';

ALTER TABLE aegis.alert_channels OWNER TO aegis_owner;
GRANT SELECT ON aegis.alert_channels TO aegis_operator, aegis_auditor;
