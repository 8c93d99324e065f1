-- Where personal data lies, so that an erasure finds all of it: in the table, its history, its
-- archived partitions and in the vault. A treatment is erase (null, or empty where null is not
-- allowed) or pseudonymise (a keyed pseudonym, for what the law says must stay).

CREATE TABLE aegis.personal_columns (
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    column_name text COLLATE "C" NOT NULL,
    is_subject boolean NOT NULL,
    treatment text NOT NULL,
    reason text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    registered_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT personal_columns_pk PRIMARY KEY (schema_name, table_name, column_name),
    CONSTRAINT personal_columns_treatment_ck CHECK (treatment IN ('erase', 'pseudonymise')),
    CONSTRAINT personal_columns_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.personal_columns IS
'Columns that hold personal data and what an erasure does to them; append-only.';
COMMENT ON COLUMN aegis.personal_columns.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis.personal_columns.table_name IS
'The table; its history and archived partitions follow it.';
COMMENT ON COLUMN aegis.personal_columns.column_name IS 'The column.';
COMMENT ON COLUMN aegis.personal_columns.is_subject IS
'Whether it names the subject: an erasure finds the rows by it.';
COMMENT ON COLUMN aegis.personal_columns.treatment IS 'erase or pseudonymise.';
COMMENT ON COLUMN aegis.personal_columns.reason IS 'Why it is treated so.';
COMMENT ON COLUMN aegis.personal_columns.registered_at IS 'When it was registered.';
COMMENT ON COLUMN aegis.personal_columns.registered_by IS 'Login role that registered it.';

ALTER TABLE aegis.personal_columns OWNER TO aegis_guard;
GRANT SELECT ON aegis.personal_columns TO aegis_reader;
