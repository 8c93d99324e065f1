-- What became of a dead letter: replayed in another batch, or settled by a person. One row ends it.

CREATE TABLE aegis.dead_letter_resolutions (
    dead_letter_id bigint NOT NULL,
    resolution text NOT NULL,
    reason text NOT NULL,
    batch_number bigint,
    verdict text,
    resolved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT dead_letter_resolutions_pk PRIMARY KEY (dead_letter_id),
    CONSTRAINT dead_letter_resolutions_dead_letter_fk
    FOREIGN KEY (dead_letter_id) REFERENCES aegis.dead_letters (dead_letter_id),
    CONSTRAINT dead_letter_resolutions_resolution_ck
    CHECK (resolution IN ('replayed', 'corrected', 'dismissed')),
    CONSTRAINT dead_letter_resolutions_reason_ck CHECK (btrim(reason) <> ''),
    CONSTRAINT dead_letter_resolutions_batch_number_ck
    CHECK ((resolution = 'replayed') = (batch_number IS NOT NULL)),
    CONSTRAINT dead_letter_resolutions_verdict_ck
    CHECK ((batch_number IS NULL) = (verdict IS NULL))
);

COMMENT ON TABLE aegis.dead_letter_resolutions IS
'How dead letters ended; a letter without a row here is open. Append-only.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.dead_letter_id IS 'The letter, see aegis.dead_letters.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.resolution IS
'replayed: judged again in another batch; corrected: right values came another way; dismissed: not wanted.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.reason IS 'Why, as the person said.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.batch_number IS
'Batch of the replay, in which the letter''s number is the line number.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.verdict IS
'Verdict of the replay; quarantined or rejected: a new letter of that batch is open instead.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.resolved_at IS 'When.';
COMMENT ON COLUMN aegis.dead_letter_resolutions.resolved_by IS 'Login role.';

ALTER TABLE aegis.dead_letter_resolutions OWNER TO aegis_owner;
GRANT SELECT ON aegis.dead_letter_resolutions TO aegis_reader;
