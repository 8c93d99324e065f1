-- What became of each change request: decided once, by another person, and used once, by one
-- change window or reseal.

CREATE TABLE aegis.change_events (
    request_id bigint NOT NULL,
    event text COLLATE "C" NOT NULL,
    reason text,
    ticket_id bigint,
    expires_at timestamptz,
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    caused_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT change_events_pk PRIMARY KEY (request_id, event),
    CONSTRAINT change_events_request_id_fk
    FOREIGN KEY (request_id) REFERENCES aegis.change_requests,
    CONSTRAINT change_events_event_ck CHECK (event IN ('approved', 'rejected', 'used')),
    CONSTRAINT change_events_ticket_id_ck CHECK (event = 'used' OR ticket_id IS NULL),
    CONSTRAINT change_events_expires_at_ck CHECK ((event = 'approved') = (expires_at IS NOT NULL))
);

CREATE UNIQUE INDEX change_events_request_id_ix ON aegis.change_events (request_id)
WHERE event <> 'used';

COMMENT ON TABLE aegis.change_events IS
'Decisions on change requests, and the window that used each; append-only.';
COMMENT ON COLUMN aegis.change_events.request_id IS 'The request.';
COMMENT ON COLUMN aegis.change_events.event IS 'approved, rejected or used.';
COMMENT ON COLUMN aegis.change_events.reason IS 'What the person who decided has to say.';
COMMENT ON COLUMN aegis.change_events.ticket_id IS 'Ticket of the change window that used it; null of a reseal.';
COMMENT ON COLUMN aegis.change_events.expires_at IS 'Until when an approved request can be used.';
COMMENT ON COLUMN aegis.change_events.happened_at IS 'When it happened.';
COMMENT ON COLUMN aegis.change_events.caused_by IS 'Login role that caused it.';

ALTER TABLE aegis.change_events OWNER TO aegis_guard;
GRANT SELECT ON aegis.change_events TO aegis_reader;
