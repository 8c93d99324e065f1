-- Where each request to leave protection weaker stands.

CREATE OR REPLACE VIEW aegis.change_status AS
SELECT
    q.request_id,
    q.changes,
    q.reason,
    CASE
        WHEN u.request_id IS NOT NULL THEN 'used'
        WHEN d.event = 'rejected' THEN 'rejected'
        WHEN clock_timestamp() > coalesce(d.expires_at, q.expires_at) THEN 'expired'
        WHEN d.event = 'approved' THEN 'approved'
        ELSE 'requested'
    END AS status,
    q.requested_at,
    q.requested_by,
    d.happened_at AS decided_at,
    d.caused_by AS decided_by,
    u.happened_at AS used_at,
    u.caused_by AS used_by,
    coalesce(d.expires_at, q.expires_at) AS expires_at,
    q.is_reseal
FROM aegis.change_requests AS q
LEFT JOIN aegis.change_events AS d ON d.request_id = q.request_id AND d.event <> 'used'
LEFT JOIN aegis.change_events AS u ON u.request_id = q.request_id AND u.event = 'used';

COMMENT ON VIEW aegis.change_status IS
'Requests to leave protection weaker, where each stands and who did what.';
COMMENT ON COLUMN aegis.change_status.request_id IS 'Number of the request.';
COMMENT ON COLUMN aegis.change_status.changes IS
'List of relation, aspect, was and becomes: what may be weaker.';
COMMENT ON COLUMN aegis.change_status.reason IS 'Why.';
COMMENT ON COLUMN aegis.change_status.status IS
'requested, approved, rejected, expired or used.';
COMMENT ON COLUMN aegis.change_status.requested_at IS 'When it was requested.';
COMMENT ON COLUMN aegis.change_status.requested_by IS 'Login role that requested it.';
COMMENT ON COLUMN aegis.change_status.decided_at IS 'When it was decided.';
COMMENT ON COLUMN aegis.change_status.decided_by IS 'Login role that decided.';
COMMENT ON COLUMN aegis.change_status.used_at IS 'When a change window was opened, or a reseal done, for it.';
COMMENT ON COLUMN aegis.change_status.used_by IS 'Login role that did that.';
COMMENT ON COLUMN aegis.change_status.expires_at IS
'Until when it can be decided or, once approved, used.';
COMMENT ON COLUMN aegis.change_status.is_reseal IS
'Whether it is for aegis_guard.reseal, else for a change window.';

ALTER VIEW aegis.change_status OWNER TO aegis_guard;
GRANT SELECT ON aegis.change_status TO aegis_reader;
