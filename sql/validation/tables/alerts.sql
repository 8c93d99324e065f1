-- What people were or are to be told. One row per kind, key and window; repetitions count.

CREATE TABLE aegis.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY,
    alert_kind text COLLATE "C" NOT NULL,
    dedupe_key text COLLATE "C" NOT NULL,
    window_begins_at timestamptz NOT NULL,
    severity text NOT NULL,
    rule_code text COLLATE "C",
    stock_code text COLLATE "C",
    title_en text NOT NULL,
    body_en text NOT NULL,
    title_ko text NOT NULL,
    body_ko text NOT NULL,
    detail jsonb NOT NULL,
    occurrences bigint NOT NULL DEFAULT 1,
    raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    raised_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT alerts_pk PRIMARY KEY (alert_id),
    CONSTRAINT alerts_window_uq UNIQUE (alert_kind, dedupe_key, window_begins_at),
    CONSTRAINT alerts_kind_fk FOREIGN KEY (alert_kind) REFERENCES aegis.alert_templates (alert_kind),
    CONSTRAINT alerts_severity_ck CHECK (aegis._severity_rank(severity) IS NOT NULL),
    CONSTRAINT alerts_occurrences_ck CHECK (occurrences > 0)
);

COMMENT ON TABLE aegis.alerts IS
'What people are told: one row per kind, key and window, with its text in both languages.';
COMMENT ON COLUMN aegis.alerts.alert_id IS 'Identity; all that NOTIFY aegis_alerts carries.';
COMMENT ON COLUMN aegis.alerts.alert_kind IS 'Kind, see aegis.alert_templates.';
COMMENT ON COLUMN aegis.alerts.dedupe_key IS 'What it is about; the same again within the window is the same alert.';
COMMENT ON COLUMN aegis.alerts.window_begins_at IS 'Begin of its window.';
COMMENT ON COLUMN aegis.alerts.severity IS 'info, warning, error or critical.';
COMMENT ON COLUMN aegis.alerts.rule_code IS 'Rule it is about; null for none.';
COMMENT ON COLUMN aegis.alerts.stock_code IS 'Code it is about; null for none.';
COMMENT ON COLUMN aegis.alerts.title_en IS 'Title in English.';
COMMENT ON COLUMN aegis.alerts.body_en IS 'Text in English.';
COMMENT ON COLUMN aegis.alerts.title_ko IS 'Title in Korean.';
COMMENT ON COLUMN aegis.alerts.body_ko IS 'Text in Korean.';
COMMENT ON COLUMN aegis.alerts.detail IS 'The values of its first occurrence.';
COMMENT ON COLUMN aegis.alerts.occurrences IS
'How often it was raised, at least: a repetition in the same instant as another does not wait to be counted.';
COMMENT ON COLUMN aegis.alerts.raised_at IS 'First occurrence.';
COMMENT ON COLUMN aegis.alerts.last_raised_at IS 'Last occurrence.';
COMMENT ON COLUMN aegis.alerts.raised_by IS 'Login role of the session that raised it first.';

ALTER TABLE aegis.alerts OWNER TO aegis_owner;
GRANT SELECT ON aegis.alerts TO aegis_reader;
