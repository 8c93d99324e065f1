-- What was done under each deletion request: executed once, its rows put back once, and erased in
-- the vault when their subject asked for it.

CREATE TABLE aegis.deletion_events (
    request_id bigint NOT NULL,
    event text NOT NULL,
    ledger_id bigint NOT NULL,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    reason text,
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    caused_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT deletion_events_pk PRIMARY KEY (request_id, ledger_id),
    CONSTRAINT deletion_events_request_id_fk
    FOREIGN KEY (request_id) REFERENCES aegis.deletion_requests,
    CONSTRAINT deletion_events_event_ck CHECK (event IN ('executed', 'restored', 'erased'))
);

CREATE UNIQUE INDEX deletion_events_request_id_ix ON aegis.deletion_events (request_id, event)
WHERE event <> 'erased';

COMMENT ON TABLE aegis.deletion_events IS
'Executions of deletion requests, returns of their rows from the vault and erasures in it; append-only.';
COMMENT ON COLUMN aegis.deletion_events.request_id IS 'The request.';
COMMENT ON COLUMN aegis.deletion_events.event IS 'executed, restored from the vault, or erased in it.';
COMMENT ON COLUMN aegis.deletion_events.ledger_id IS 'Ledger number of the act.';
COMMENT ON COLUMN aegis.deletion_events.row_count IS 'Rows deleted, put back, or in the vault.';
COMMENT ON COLUMN aegis.deletion_events.digest IS 'Digest of these rows.';
COMMENT ON COLUMN aegis.deletion_events.reason IS 'Why it was done.';
COMMENT ON COLUMN aegis.deletion_events.happened_at IS 'When it happened.';
COMMENT ON COLUMN aegis.deletion_events.caused_by IS 'Login role that caused it.';

ALTER TABLE aegis.deletion_events OWNER TO aegis_guard;
GRANT SELECT ON aegis.deletion_events TO aegis_owner, aegis_reader;
