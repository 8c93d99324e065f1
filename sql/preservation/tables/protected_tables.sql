-- What AEGIS protects. Names, not OIDs: the registry must still be true after a dump and
-- restore, and must still name a table that somebody dropped. A partitioned table is one row;
-- its partitions follow it.

CREATE TABLE aegis.protected_tables (
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    history_schema_name text COLLATE "C",
    history_table_name text COLLATE "C",
    is_append_only boolean NOT NULL DEFAULT FALSE,
    reason text NOT NULL,
    protected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    protected_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT protected_tables_pk PRIMARY KEY (schema_name, table_name),
    CONSTRAINT protected_tables_history_ck
    CHECK ((history_schema_name IS NULL) = (history_table_name IS NULL)),
    CONSTRAINT protected_tables_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.protected_tables IS
'Tables whose rows nobody may delete or truncate; written by aegis.protect_table only.';
COMMENT ON COLUMN aegis.protected_tables.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis.protected_tables.table_name IS
'The table; of a partitioned one the root, never a partition.';
COMMENT ON COLUMN aegis.protected_tables.history_schema_name IS
'Schema of the table that keeps superseded rows, null where none does.';
COMMENT ON COLUMN aegis.protected_tables.history_table_name IS
'Table that keeps superseded rows, null where none does.';
COMMENT ON COLUMN aegis.protected_tables.is_append_only IS 'Whether UPDATE is refused too.';
COMMENT ON COLUMN aegis.protected_tables.reason IS 'Why it is protected.';
COMMENT ON COLUMN aegis.protected_tables.protected_at IS 'When protection began.';
COMMENT ON COLUMN aegis.protected_tables.protected_by IS 'Login role that asked for it.';

ALTER TABLE aegis.protected_tables OWNER TO aegis_guard;
GRANT SELECT ON aegis.protected_tables TO aegis_owner, aegis_reader;
