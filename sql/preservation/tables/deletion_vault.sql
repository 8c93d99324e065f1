-- Rows that an emergency deletion took away, each as jsonb to be read and as text per column, in
-- the order of the request's column_names, to be put back exactly. Append-only; only an erasure
-- changes a row.

CREATE TABLE aegis_guard.deletion_vault (
    request_id bigint NOT NULL,
    row_number bigint NOT NULL,
    row_data jsonb NOT NULL,
    row_values text[] NOT NULL,

    CONSTRAINT deletion_vault_pk PRIMARY KEY (request_id, row_number),
    CONSTRAINT deletion_vault_request_id_fk
    FOREIGN KEY (request_id) REFERENCES aegis.deletion_requests
);

COMMENT ON TABLE aegis_guard.deletion_vault IS
'Rows that emergency deletions took away; readable through aegis.deleted_rows; append-only.';
COMMENT ON COLUMN aegis_guard.deletion_vault.request_id IS 'The request that took it away.';
COMMENT ON COLUMN aegis_guard.deletion_vault.row_number IS 'Number of the row within the request.';
COMMENT ON COLUMN aegis_guard.deletion_vault.row_data IS 'The row, to be read.';
COMMENT ON COLUMN aegis_guard.deletion_vault.row_values IS
'Its columns as text, in the order of the request''s column_names, to be put back.';

ALTER TABLE aegis_guard.deletion_vault OWNER TO aegis_guard;
