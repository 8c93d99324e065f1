-- Which tables are sealed, and which columns a seal covers. A table that gains columns gets another
-- version; blocks of earlier ones are verified with the columns of theirs.

CREATE TABLE aegis.seal_formats (
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    format_version integer NOT NULL,
    column_names text [] NOT NULL,
    key_columns text [] NOT NULL,
    bucket_column text COLLATE "C",
    row_bytes text NOT NULL,
    row_bucket text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT seal_formats_pk PRIMARY KEY (schema_name, table_name, format_version),
    CONSTRAINT seal_formats_version_ck CHECK (format_version > 0),
    CONSTRAINT seal_formats_columns_ck CHECK (cardinality(column_names) > 0)
);

COMMENT ON TABLE aegis.seal_formats IS
'Sealed tables and the columns their digests cover, by version; append-only.';
COMMENT ON COLUMN aegis.seal_formats.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis.seal_formats.table_name IS 'The table; of a partitioned one the root.';
COMMENT ON COLUMN aegis.seal_formats.format_version IS 'Version; the highest is in force.';
COMMENT ON COLUMN aegis.seal_formats.column_names IS 'Columns of a digest, in this order.';
COMMENT ON COLUMN aegis.seal_formats.key_columns IS 'Columns by which findings name a row.';
COMMENT ON COLUMN aegis.seal_formats.bucket_column IS
'Date, or time of which the date in KST counts, that daily roots go by; null without them.';
COMMENT ON COLUMN aegis.seal_formats.row_bytes IS
'Expression of the bytes of a row t that digests are taken over, see aegis_guard._row_bytes.';
COMMENT ON COLUMN aegis.seal_formats.row_bucket IS
'Expression of the day of a row t, see aegis_guard._bucket.';
COMMENT ON COLUMN aegis.seal_formats.created_at IS 'When the version came into force.';
COMMENT ON COLUMN aegis.seal_formats.created_by IS 'Login role that brought it.';

ALTER TABLE aegis.seal_formats OWNER TO aegis_guard;
GRANT SELECT ON aegis.seal_formats TO aegis_owner, aegis_reader;
