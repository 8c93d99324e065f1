-- Every partition that ever left its table for aegis_archive: what it was, how it looked when it
-- left, and where it lies. What became of it since is in the ledger, under its number.

CREATE TABLE aegis.archived_partitions (
    archive_id bigint NOT NULL,
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    partition_name text COLLATE "C" NOT NULL,
    archive_name text COLLATE "C" NOT NULL,
    lower_bound date NOT NULL,
    upper_bound date NOT NULL,
    newest_event_on date NOT NULL,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    column_names text[] NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    archived_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT archived_partitions_pk PRIMARY KEY (archive_id),
    CONSTRAINT archived_partitions_archive_name_uq UNIQUE (archive_name),
    CONSTRAINT archived_partitions_row_count_ck CHECK (row_count >= 0),
    CONSTRAINT archived_partitions_digest_ck CHECK (octet_length(digest) = 32)
);

COMMENT ON TABLE aegis.archived_partitions IS
'Partitions that retention moved to aegis_archive, with count and digest of their rows; append-only.';
COMMENT ON COLUMN aegis.archived_partitions.archive_id IS 'Ledger number of the act.';
COMMENT ON COLUMN aegis.archived_partitions.schema_name IS 'Schema of the table it was part of.';
COMMENT ON COLUMN aegis.archived_partitions.table_name IS 'The table it was part of.';
COMMENT ON COLUMN aegis.archived_partitions.partition_name IS 'Its name as a partition.';
COMMENT ON COLUMN aegis.archived_partitions.archive_name IS
'Its name in aegis_archive, given to no other partition ever.';
COMMENT ON COLUMN aegis.archived_partitions.lower_bound IS 'First day of its range (KST).';
COMMENT ON COLUMN aegis.archived_partitions.upper_bound IS 'Day after the last of its range (KST).';
COMMENT ON COLUMN aegis.archived_partitions.newest_event_on IS
'Day of its newest event (KST), by which it was judged.';
COMMENT ON COLUMN aegis.archived_partitions.row_count IS 'Rows in it when it was archived.';
COMMENT ON COLUMN aegis.archived_partitions.digest IS
'Digest of its rows when it was archived, as aegis.rows_digest gives it.';
COMMENT ON COLUMN aegis.archived_partitions.column_names IS 'Columns that the digest covers, in order.';
COMMENT ON COLUMN aegis.archived_partitions.archived_at IS 'When it was archived.';
COMMENT ON COLUMN aegis.archived_partitions.archived_by IS 'Login role that archived it.';

ALTER TABLE aegis.archived_partitions OWNER TO aegis_guard;
GRANT SELECT ON aegis.archived_partitions TO aegis_owner, aegis_reader;
