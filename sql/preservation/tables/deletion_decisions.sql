-- The one decision on each deletion request, by another person.

CREATE TABLE aegis.deletion_decisions (
    request_id bigint NOT NULL,
    is_approved boolean NOT NULL,
    reason text,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by text NOT NULL DEFAULT SESSION_USER,
    expires_at timestamptz,

    CONSTRAINT deletion_decisions_pk PRIMARY KEY (request_id),
    CONSTRAINT deletion_decisions_request_id_fk
    FOREIGN KEY (request_id) REFERENCES aegis.deletion_requests,
    CONSTRAINT deletion_decisions_expires_at_ck CHECK (is_approved = (expires_at IS NOT NULL))
);

COMMENT ON TABLE aegis.deletion_decisions IS
'Approvals and rejections of deletion requests, one each; append-only.';
COMMENT ON COLUMN aegis.deletion_decisions.request_id IS 'The request.';
COMMENT ON COLUMN aegis.deletion_decisions.is_approved IS 'Whether it was approved; else rejected.';
COMMENT ON COLUMN aegis.deletion_decisions.reason IS 'What the person who decided has to say.';
COMMENT ON COLUMN aegis.deletion_decisions.decided_at IS 'When it was decided.';
COMMENT ON COLUMN aegis.deletion_decisions.decided_by IS 'Login role that decided.';
COMMENT ON COLUMN aegis.deletion_decisions.expires_at IS
'Until when an approved deletion can be executed; null for a rejection.';

ALTER TABLE aegis.deletion_decisions OWNER TO aegis_guard;
GRANT SELECT ON aegis.deletion_decisions TO aegis_reader;
