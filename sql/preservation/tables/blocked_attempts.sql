-- Refused statements, collected from the messages that guards leave in the WAL. Any role can write
-- such a message, so a row says what was claimed, and whether it has the shape of a guard's.

CREATE TABLE aegis.blocked_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY,
    position pg_lsn NOT NULL,
    content_digest bytea NOT NULL,
    is_guard_shaped boolean NOT NULL,
    attempted_at timestamptz,
    sqlstate text COLLATE "C",
    operation text,
    relation text,
    attempted_by text,
    client_address text,
    query text,
    content text NOT NULL,
    collected_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT blocked_attempts_pk PRIMARY KEY (attempt_id),
    CONSTRAINT blocked_attempts_position_uq UNIQUE (position, content_digest)
);

COMMENT ON TABLE aegis.blocked_attempts IS
'Statements that guards refused, collected from the WAL by aegis.collect_attempts; append-only.';
COMMENT ON COLUMN aegis.blocked_attempts.attempt_id IS 'Number of the attempt.';
COMMENT ON COLUMN aegis.blocked_attempts.position IS 'Where its message stands in the WAL.';
COMMENT ON COLUMN aegis.blocked_attempts.content_digest IS 'SHA-256 of the message.';
COMMENT ON COLUMN aegis.blocked_attempts.is_guard_shaped IS
'Whether the message is made as guards make it; false shows a forgery, true proves nothing alone.';
COMMENT ON COLUMN aegis.blocked_attempts.attempted_at IS 'When, as the message says.';
COMMENT ON COLUMN aegis.blocked_attempts.sqlstate IS 'Code of the refusal.';
COMMENT ON COLUMN aegis.blocked_attempts.operation IS 'What was refused.';
COMMENT ON COLUMN aegis.blocked_attempts.relation IS 'On which relation.';
COMMENT ON COLUMN aegis.blocked_attempts.attempted_by IS 'Login role.';
COMMENT ON COLUMN aegis.blocked_attempts.client_address IS 'Address of the client; null for a socket.';
COMMENT ON COLUMN aegis.blocked_attempts.query IS 'Text of the statement, cut at 8,192 characters.';
COMMENT ON COLUMN aegis.blocked_attempts.content IS 'The message as it was written.';
COMMENT ON COLUMN aegis.blocked_attempts.collected_at IS 'When it was collected.';

ALTER TABLE aegis.blocked_attempts OWNER TO aegis_guard;
GRANT SELECT ON aegis.blocked_attempts TO aegis_auditor;
