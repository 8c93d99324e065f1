-- Requests to delete rows in an emergency: which rows exactly, how many, with which digest, why.

CREATE TABLE aegis.deletion_requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY,
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    predicate jsonb NOT NULL,
    condition text NOT NULL,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    column_names text[] NOT NULL,
    reason text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text NOT NULL DEFAULT SESSION_USER,
    expires_at timestamptz NOT NULL,

    CONSTRAINT deletion_requests_pk PRIMARY KEY (request_id),
    CONSTRAINT deletion_requests_row_count_ck CHECK (row_count > 0),
    CONSTRAINT deletion_requests_digest_ck CHECK (octet_length(digest) = 32),
    CONSTRAINT deletion_requests_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.deletion_requests IS
'Requests for an emergency deletion, with count and digest of the rows meant; append-only.';
COMMENT ON COLUMN aegis.deletion_requests.request_id IS 'Number of the request.';
COMMENT ON COLUMN aegis.deletion_requests.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis.deletion_requests.table_name IS 'The table, never a partition.';
COMMENT ON COLUMN aegis.deletion_requests.predicate IS
'What the rows meet, as it was asked: a list of column, operator and value.';
COMMENT ON COLUMN aegis.deletion_requests.condition IS
'The same as SQL over alias r, compiled by AEGIS, every value a literal.';
COMMENT ON COLUMN aegis.deletion_requests.row_count IS 'Rows that met it.';
COMMENT ON COLUMN aegis.deletion_requests.digest IS 'Digest of these rows, as aegis.rows_digest gives it.';
COMMENT ON COLUMN aegis.deletion_requests.column_names IS 'Columns that the digest covers, in order.';
COMMENT ON COLUMN aegis.deletion_requests.reason IS 'Why they must go.';
COMMENT ON COLUMN aegis.deletion_requests.requested_at IS 'When it was requested.';
COMMENT ON COLUMN aegis.deletion_requests.requested_by IS 'Login role that requested it.';
COMMENT ON COLUMN aegis.deletion_requests.expires_at IS 'Until when it can be approved.';

ALTER TABLE aegis.deletion_requests OWNER TO aegis_guard;
GRANT SELECT ON aegis.deletion_requests TO aegis_owner, aegis_reader;
