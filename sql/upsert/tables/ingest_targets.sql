-- Tables that take batches. A table joins with a row here, an input type and its rules;
-- the one routine aegis._apply_batch does the rest. Tables of yours: aegis.register_ingest_target.

CREATE TABLE aegis.ingest_targets (
    target text COLLATE "C" NOT NULL,
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    input_type text NOT NULL,
    key_columns text [] NOT NULL,
    payload_columns text [] NOT NULL,
    default_values jsonb NOT NULL DEFAULT '{}',
    is_append_only boolean NOT NULL DEFAULT FALSE,

    CONSTRAINT ingest_targets_pk PRIMARY KEY (target),
    CONSTRAINT ingest_targets_target_ck CHECK (target ~ '^[a-z][a-z0-9_]{0,49}$'),
    CONSTRAINT ingest_targets_table_uq UNIQUE (schema_name, table_name),
    CONSTRAINT ingest_targets_default_values_ck CHECK (jsonb_typeof(default_values) = 'object')
);

COMMENT ON TABLE aegis.ingest_targets IS
'Tables that take batches, with the columns that identify a row and those that carry its value.';
COMMENT ON COLUMN aegis.ingest_targets.target IS 'Name under which batches come.';
COMMENT ON COLUMN aegis.ingest_targets.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis.ingest_targets.table_name IS 'Name of the table.';
COMMENT ON COLUMN aegis.ingest_targets.input_type IS 'Composite type that a row arrives in, with its schema.';
COMMENT ON COLUMN aegis.ingest_targets.key_columns IS 'Columns of the primary key, in canonical lock order.';
COMMENT ON COLUMN aegis.ingest_targets.payload_columns IS
'Columns that carry the value; their order breaks the last tie between equal event times.';
COMMENT ON COLUMN aegis.ingest_targets.default_values IS
'Column of the input to the SQL expression that stands in for null; w is the row, c its day in the calendar. Runs as the owner.';
COMMENT ON COLUMN aegis.ingest_targets.is_append_only IS
'Whether rows are events that never change: the same again is a duplicate, another content under the same key is put aside.';

ALTER TABLE aegis.ingest_targets OWNER TO aegis_owner;
GRANT SELECT ON aegis.ingest_targets TO aegis_reader;
