-- Requests to leave protection weaker: which aspects of which tables, from what to what, why. Or, for
-- a reseal, to take as good what is weaker already.

CREATE TABLE aegis.change_requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY,
    changes jsonb NOT NULL,
    reason text NOT NULL,
    is_reseal boolean NOT NULL DEFAULT FALSE,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text NOT NULL DEFAULT SESSION_USER,
    expires_at timestamptz NOT NULL,

    CONSTRAINT change_requests_pk PRIMARY KEY (request_id),
    CONSTRAINT change_requests_changes_ck CHECK (jsonb_typeof(changes) = 'array'),
    CONSTRAINT change_requests_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.change_requests IS
'Requests to leave protection weaker, with exactly what may differ; append-only.';
COMMENT ON COLUMN aegis.change_requests.request_id IS 'Number of the request.';
COMMENT ON COLUMN aegis.change_requests.changes IS
'List of relation, aspect, was and becomes: the aspects of the baseline that may differ, and how.';
COMMENT ON COLUMN aegis.change_requests.reason IS 'Why protection is to be weaker.';
COMMENT ON COLUMN aegis.change_requests.is_reseal IS
'Whether it is for aegis_guard.reseal, what differs already; else for a change window, what will.';
COMMENT ON COLUMN aegis.change_requests.requested_at IS 'When it was requested.';
COMMENT ON COLUMN aegis.change_requests.requested_by IS 'Login role that requested it.';
COMMENT ON COLUMN aegis.change_requests.expires_at IS 'Until when it can be approved.';

ALTER TABLE aegis.change_requests OWNER TO aegis_guard;
GRANT SELECT ON aegis.change_requests TO aegis_reader;
