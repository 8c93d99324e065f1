-- What an alert says, in English and Korean. Both languages use the placeholders of the kind, all of them and
-- no other: a translation cannot lose the code or the day.

CREATE TABLE aegis.alert_templates (
    alert_kind text COLLATE "C" NOT NULL,
    placeholders text [] NOT NULL,
    title_en text NOT NULL,
    body_en text NOT NULL,
    title_ko text NOT NULL,
    body_ko text NOT NULL,
    dedupe_window interval NOT NULL,
    data_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL DEFAULT 'installed',
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT alert_templates_pk PRIMARY KEY (alert_kind),
    CONSTRAINT alert_templates_kind_ck CHECK (alert_kind ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT alert_templates_en_ck CHECK (aegis._placeholders(title_en || body_en) = placeholders),
    CONSTRAINT alert_templates_ko_ck CHECK (aegis._placeholders(title_ko || body_ko) = placeholders),
    CONSTRAINT alert_templates_title_ck CHECK (
        btrim(title_en) <> '' AND btrim(title_ko) <> '' AND title_en !~ '[[:cntrl:]]' AND title_ko !~ '[[:cntrl:]]'
    ),
    CONSTRAINT alert_templates_window_ck
    CHECK (dedupe_window BETWEEN INTERVAL '1 second' AND INTERVAL '1 day'),
    CONSTRAINT alert_templates_version_ck CHECK (data_version > 0),
    CONSTRAINT alert_templates_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.alert_templates IS
'Texts of alerts by kind, in English and Korean; changed by aegis.change_alert_template.';
COMMENT ON COLUMN aegis.alert_templates.alert_kind IS 'Kind of alert, such as breaker_opened.';
COMMENT ON COLUMN aegis.alert_templates.placeholders IS
'Names that both languages must use in braces, sorted by bytes.';
COMMENT ON COLUMN aegis.alert_templates.title_en IS 'One line in English.';
COMMENT ON COLUMN aegis.alert_templates.body_en IS 'Text in English.';
COMMENT ON COLUMN aegis.alert_templates.title_ko IS 'One line in Korean.';
COMMENT ON COLUMN aegis.alert_templates.body_ko IS 'Text in Korean.';
COMMENT ON COLUMN aegis.alert_templates.dedupe_window IS
'Alerts of one kind and key within such a window are one alert that counts.';
COMMENT ON COLUMN aegis.alert_templates.data_version IS '1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.alert_templates.change_reason IS 'Why it reads so.';
COMMENT ON COLUMN aegis.alert_templates.last_updated IS 'When it got this text.';
COMMENT ON COLUMN aegis.alert_templates.updated_by IS 'Login role that gave it this text.';

ALTER TABLE aegis.alert_templates OWNER TO aegis_owner;
GRANT SELECT ON aegis.alert_templates TO aegis_reader;
