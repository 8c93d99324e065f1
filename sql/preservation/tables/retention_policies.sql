-- How long the rows of a table stay, and what becomes of them. One row per partitioned table; a
-- history table follows its base. Terms are calendar terms of KST and never shorter than
-- minimum_term. Former versions are in the ledger, not in a history table: the policies belong to
-- the guards, and whoever owns the data shall not shorten the term of its rows.

CREATE TABLE aegis.retention_policies (
    table_name text COLLATE "C" NOT NULL,
    retention_class text NOT NULL,
    keep_term interval NOT NULL,
    minimum_term interval NOT NULL,
    final_action text NOT NULL,
    archive_term interval,
    is_export_required boolean NOT NULL DEFAULT FALSE,
    event_columns text[] NOT NULL,
    arrival_column text,
    data_version integer NOT NULL DEFAULT 1,
    change_reason text NOT NULL DEFAULT 'as installed',
    last_updated timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT retention_policies_pk PRIMARY KEY (table_name),
    CONSTRAINT retention_policies_table_name_fk
    FOREIGN KEY (table_name) REFERENCES aegis.partition_policies,
    CONSTRAINT retention_policies_class_ck
    CHECK (retention_class IN ('market', 'trade', 'log', 'realtime')),
    CONSTRAINT retention_policies_keep_term_ck CHECK (
        keep_term >= minimum_term
        AND keep_term >= INTERVAL '0'
        AND extract(HOUR FROM keep_term) = 0
        AND extract(MINUTE FROM keep_term) = 0
        AND extract(SECOND FROM keep_term) = 0
    ),
    CONSTRAINT retention_policies_final_action_ck CHECK (
        final_action = 'archive'
        OR (final_action = 'drop' AND retention_class IN ('log', 'realtime'))
    ),
    CONSTRAINT retention_policies_archive_term_ck CHECK (
        (final_action = 'drop') = (archive_term IS NOT NULL) AND archive_term >= INTERVAL '0'
    ),
    CONSTRAINT retention_policies_event_columns_ck CHECK (cardinality(event_columns) > 0),
    CONSTRAINT retention_policies_change_reason_ck CHECK (btrim(change_reason) <> '')
);

COMMENT ON TABLE aegis.retention_policies IS
'How long rows stay in a table before their partition is archived, and whether the archive may go one day.';
COMMENT ON COLUMN aegis.retention_policies.table_name IS 'Partitioned table of schema aegis.';
COMMENT ON COLUMN aegis.retention_policies.retention_class IS
'market, trade, log or realtime; only the last two may ever be dropped.';
COMMENT ON COLUMN aegis.retention_policies.keep_term IS
'Calendar term from the newest event of a partition until it may be archived.';
COMMENT ON COLUMN aegis.retention_policies.minimum_term IS 'What keep_term cannot go below.';
COMMENT ON COLUMN aegis.retention_policies.final_action IS
'archive: the archive stays for ever; drop: it may go after archive_term.';
COMMENT ON COLUMN aegis.retention_policies.archive_term IS
'Calendar term from archiving until the archive may be dropped; null where it never may.';
COMMENT ON COLUMN aegis.retention_policies.is_export_required IS
'Whether a verified export must be in the ledger before the drop.';
COMMENT ON COLUMN aegis.retention_policies.event_columns IS
'Columns whose newest value dates a partition.';
COMMENT ON COLUMN aegis.retention_policies.arrival_column IS
'Column that tells when a row came; null where there is none. Rows that came lately postpone the partition.';
COMMENT ON COLUMN aegis.retention_policies.data_version IS
'1 when installed, one more with each change.';
COMMENT ON COLUMN aegis.retention_policies.change_reason IS 'Why the policy is as it is.';
COMMENT ON COLUMN aegis.retention_policies.last_updated IS 'When it was changed.';
COMMENT ON COLUMN aegis.retention_policies.updated_by IS 'Login role that changed it.';

ALTER TABLE aegis.retention_policies OWNER TO aegis_guard;
GRANT SELECT ON aegis.retention_policies TO aegis_reader;
