-- Every step of every case: who, when, why. Append-only.

CREATE TABLE aegis.case_events (
    case_event_id bigint GENERATED ALWAYS AS IDENTITY,
    case_id bigint NOT NULL,
    event text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acted_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT case_events_pk PRIMARY KEY (case_event_id),
    CONSTRAINT case_events_case_fk FOREIGN KEY (case_id) REFERENCES aegis.cases (case_id),
    CONSTRAINT case_events_event_ck
    CHECK (event IN ('opened', 'assigned', 'released', 'rejected', 'replayed', 'reopened')),
    CONSTRAINT case_events_reason_ck CHECK (btrim(reason) <> '')
);

CREATE INDEX case_events_case_ix ON aegis.case_events (case_id);

COMMENT ON TABLE aegis.case_events IS 'Steps of the cases, with actor and reason; append-only.';
COMMENT ON COLUMN aegis.case_events.case_event_id IS 'Identity, in order of time.';
COMMENT ON COLUMN aegis.case_events.case_id IS 'The case.';
COMMENT ON COLUMN aegis.case_events.event IS 'opened, assigned, released, rejected, replayed or reopened.';
COMMENT ON COLUMN aegis.case_events.from_state IS 'State before; null when it was opened.';
COMMENT ON COLUMN aegis.case_events.to_state IS 'State after.';
COMMENT ON COLUMN aegis.case_events.reason IS 'Why; of an opened case what the rule says.';
COMMENT ON COLUMN aegis.case_events.detail IS 'What else belongs to the step.';
COMMENT ON COLUMN aegis.case_events.acted_at IS 'When.';
COMMENT ON COLUMN aegis.case_events.acted_by IS 'Login role that acted; of an opened case the one that wrote the value.';

ALTER TABLE aegis.case_events OWNER TO aegis_owner;
GRANT SELECT ON aegis.case_events TO aegis_reader;
