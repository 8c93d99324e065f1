-- Holds that were lifted, each once, by another person than the one who placed it.

CREATE TABLE aegis.legal_hold_lifts (
    hold_id bigint NOT NULL,
    reason text NOT NULL,
    lifted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT legal_hold_lifts_pk PRIMARY KEY (hold_id),
    CONSTRAINT legal_hold_lifts_hold_id_fk FOREIGN KEY (hold_id) REFERENCES aegis.legal_holds,
    CONSTRAINT legal_hold_lifts_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.legal_hold_lifts IS 'Legal holds that are no longer in force; append-only.';
COMMENT ON COLUMN aegis.legal_hold_lifts.hold_id IS 'The hold.';
COMMENT ON COLUMN aegis.legal_hold_lifts.reason IS 'Why it was lifted.';
COMMENT ON COLUMN aegis.legal_hold_lifts.lifted_at IS 'When it was lifted.';
COMMENT ON COLUMN aegis.legal_hold_lifts.lifted_by IS 'Login role that lifted it.';

ALTER TABLE aegis.legal_hold_lifts OWNER TO aegis_guard;
GRANT SELECT ON aegis.legal_hold_lifts TO aegis_reader;
