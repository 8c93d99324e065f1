-- What emergency deletions took away, for auditors.

CREATE OR REPLACE VIEW aegis.deleted_rows AS
SELECT
    v.request_id,
    v.row_number,
    format('%I.%I', q.schema_name, q.table_name) AS relation,
    v.row_data
FROM aegis_guard.deletion_vault AS v
JOIN aegis.deletion_requests AS q ON q.request_id = v.request_id;

COMMENT ON VIEW aegis.deleted_rows IS 'Rows in the vault of emergency deletions, for auditors.';
COMMENT ON COLUMN aegis.deleted_rows.request_id IS 'The request that took the row away.';
COMMENT ON COLUMN aegis.deleted_rows.row_number IS 'Number of the row within the request.';
COMMENT ON COLUMN aegis.deleted_rows.relation IS 'The table it was in, with its schema.';
COMMENT ON COLUMN aegis.deleted_rows.row_data IS 'The row.';

ALTER VIEW aegis.deleted_rows OWNER TO aegis_guard;
GRANT SELECT ON aegis.deleted_rows TO aegis_auditor;
