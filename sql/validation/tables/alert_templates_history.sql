-- Every superseded text of an alert.

CREATE TABLE aegis.alert_templates_history (
    alert_kind text COLLATE "C" NOT NULL,
    title_en text NOT NULL,
    body_en text NOT NULL,
    title_ko text NOT NULL,
    body_ko text NOT NULL,
    dedupe_window interval NOT NULL,
    data_version integer NOT NULL,
    change_reason text NOT NULL,
    last_updated timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL,

    CONSTRAINT alert_templates_history_pk PRIMARY KEY (alert_kind, data_version)
);

COMMENT ON TABLE aegis.alert_templates_history IS
'Superseded texts of aegis.alert_templates, written by its history trigger.';
COMMENT ON COLUMN aegis.alert_templates_history.alert_kind IS 'Kind of alert.';
COMMENT ON COLUMN aegis.alert_templates_history.title_en IS 'Superseded title in English.';
COMMENT ON COLUMN aegis.alert_templates_history.body_en IS 'Superseded text in English.';
COMMENT ON COLUMN aegis.alert_templates_history.title_ko IS 'Superseded title in Korean.';
COMMENT ON COLUMN aegis.alert_templates_history.body_ko IS 'Superseded text in Korean.';
COMMENT ON COLUMN aegis.alert_templates_history.dedupe_window IS 'Superseded window.';
COMMENT ON COLUMN aegis.alert_templates_history.data_version IS 'Version of the superseded text.';
COMMENT ON COLUMN aegis.alert_templates_history.change_reason IS 'Why it read so.';
COMMENT ON COLUMN aegis.alert_templates_history.last_updated IS 'When it got that text.';
COMMENT ON COLUMN aegis.alert_templates_history.updated_by IS 'Login role that gave it that text.';
COMMENT ON COLUMN aegis.alert_templates_history.superseded_at IS 'When it was superseded.';
COMMENT ON COLUMN aegis.alert_templates_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.alert_templates_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.alert_templates_history TO aegis_reader;
