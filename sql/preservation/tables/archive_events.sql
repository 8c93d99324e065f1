-- What became of an archived partition since: verified, exported, erased in part, dropped.

CREATE TABLE aegis.archive_events (
    ledger_id bigint NOT NULL,
    archive_id bigint NOT NULL,
    event text NOT NULL,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    caused_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT archive_events_pk PRIMARY KEY (archive_id, ledger_id),
    CONSTRAINT archive_events_archive_id_fk
    FOREIGN KEY (archive_id) REFERENCES aegis.archived_partitions,
    CONSTRAINT archive_events_event_ck CHECK (event IN ('verified', 'exported', 'erased', 'dropped'))
);

COMMENT ON TABLE aegis.archive_events IS
'What happened to archived partitions after they were archived; append-only.';
COMMENT ON COLUMN aegis.archive_events.ledger_id IS 'Ledger number of the act.';
COMMENT ON COLUMN aegis.archive_events.archive_id IS 'The archived partition.';
COMMENT ON COLUMN aegis.archive_events.event IS 'verified, exported, erased (rows changed) or dropped.';
COMMENT ON COLUMN aegis.archive_events.row_count IS 'Rows in it afterwards; of a drop, before.';
COMMENT ON COLUMN aegis.archive_events.digest IS 'Digest of its rows afterwards; of a drop, before.';
COMMENT ON COLUMN aegis.archive_events.detail IS 'Of an export: file, format, its size and sha256.';
COMMENT ON COLUMN aegis.archive_events.happened_at IS 'When it happened.';
COMMENT ON COLUMN aegis.archive_events.caused_by IS 'Login role that caused it.';

ALTER TABLE aegis.archive_events OWNER TO aegis_guard;
GRANT SELECT ON aegis.archive_events TO aegis_reader;
