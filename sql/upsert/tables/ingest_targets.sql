-- Tables that take batches. A table joins with a row here, an input type and its rules;
-- the one routine aegis._apply_batch does the rest.

CREATE TABLE aegis.ingest_targets (
    target text COLLATE "C" NOT NULL,
    input_type text NOT NULL,
    key_columns text [] NOT NULL,
    payload_columns text [] NOT NULL,

    CONSTRAINT ingest_targets_pk PRIMARY KEY (target)
);

COMMENT ON TABLE aegis.ingest_targets IS
'Tables of schema aegis that take batches, with the columns that identify a row and those that carry its value.';
COMMENT ON COLUMN aegis.ingest_targets.target IS 'Name of the table in schema aegis.';
COMMENT ON COLUMN aegis.ingest_targets.input_type IS 'Composite type of schema aegis that a row arrives in.';
COMMENT ON COLUMN aegis.ingest_targets.key_columns IS 'Columns of the primary key, in canonical lock order.';
COMMENT ON COLUMN aegis.ingest_targets.payload_columns IS
'Columns that carry the value; their order breaks the last tie between equal event times.';

ALTER TABLE aegis.ingest_targets OWNER TO aegis_owner;
GRANT SELECT ON aegis.ingest_targets TO aegis_reader;
