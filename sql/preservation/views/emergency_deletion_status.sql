-- Where each deletion request stands.

CREATE OR REPLACE VIEW aegis.emergency_deletion_status AS
SELECT
    q.request_id,
    format('%I.%I', q.schema_name, q.table_name) AS relation,
    q.condition,
    q.row_count,
    q.digest,
    q.reason,
    CASE
        WHEN r.request_id IS NOT NULL THEN 'restored'
        WHEN e.request_id IS NOT NULL THEN 'executed'
        WHEN NOT d.is_approved THEN 'rejected'
        WHEN clock_timestamp() > coalesce(d.expires_at, q.expires_at) THEN 'expired'
        WHEN d.is_approved THEN 'approved'
        ELSE 'requested'
    END AS status,
    q.requested_at,
    q.requested_by,
    d.decided_at,
    d.decided_by,
    e.happened_at AS executed_at,
    e.caused_by AS executed_by,
    r.happened_at AS restored_at,
    r.caused_by AS restored_by,
    coalesce(d.expires_at, q.expires_at) AS expires_at
FROM aegis.deletion_requests AS q
LEFT JOIN aegis.deletion_decisions AS d ON d.request_id = q.request_id
LEFT JOIN aegis.deletion_events AS e ON e.request_id = q.request_id AND e.event = 'executed'
LEFT JOIN aegis.deletion_events AS r ON r.request_id = q.request_id AND r.event = 'restored';

COMMENT ON VIEW aegis.emergency_deletion_status IS
'Deletion requests, where each stands and who did what.';
COMMENT ON COLUMN aegis.emergency_deletion_status.request_id IS 'Number of the request.';
COMMENT ON COLUMN aegis.emergency_deletion_status.relation IS 'The table, with its schema.';
COMMENT ON COLUMN aegis.emergency_deletion_status.condition IS 'Which rows, as SQL over alias r.';
COMMENT ON COLUMN aegis.emergency_deletion_status.row_count IS 'How many.';
COMMENT ON COLUMN aegis.emergency_deletion_status.digest IS 'Their digest.';
COMMENT ON COLUMN aegis.emergency_deletion_status.reason IS 'Why they must go.';
COMMENT ON COLUMN aegis.emergency_deletion_status.status IS
'requested, approved, rejected, expired, executed or restored.';
COMMENT ON COLUMN aegis.emergency_deletion_status.requested_at IS 'When it was requested.';
COMMENT ON COLUMN aegis.emergency_deletion_status.requested_by IS 'Login role that requested it.';
COMMENT ON COLUMN aegis.emergency_deletion_status.decided_at IS 'When it was decided.';
COMMENT ON COLUMN aegis.emergency_deletion_status.decided_by IS 'Login role that decided.';
COMMENT ON COLUMN aegis.emergency_deletion_status.executed_at IS 'When the rows were deleted.';
COMMENT ON COLUMN aegis.emergency_deletion_status.executed_by IS 'Login role that deleted them.';
COMMENT ON COLUMN aegis.emergency_deletion_status.restored_at IS 'When they were put back.';
COMMENT ON COLUMN aegis.emergency_deletion_status.restored_by IS 'Login role that put them back.';
COMMENT ON COLUMN aegis.emergency_deletion_status.expires_at IS
'Until when it can be decided or, once approved, executed.';

ALTER VIEW aegis.emergency_deletion_status OWNER TO aegis_guard;
GRANT SELECT ON aegis.emergency_deletion_status TO aegis_reader;
