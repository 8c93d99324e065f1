-- What else has a say in a batch: routines of higher pillars that the core calls by name, inside
-- the transaction of the batch. The core knows none of them.

CREATE TABLE aegis.ingest_checks (
    target text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    routine text COLLATE "C" NOT NULL,

    CONSTRAINT ingest_checks_pk PRIMARY KEY (target, stage, routine),
    CONSTRAINT ingest_checks_target_fk FOREIGN KEY (target) REFERENCES aegis.ingest_targets (target),
    CONSTRAINT ingest_checks_stage_ck CHECK (stage IN ('before', 'rows', 'after')),
    CONSTRAINT ingest_checks_routine_ck CHECK (routine ~ '^_?[a-z][a-z0-9_]*$')
);

COMMENT ON TABLE aegis.ingest_checks IS
'Routines of schema aegis that every batch of a table calls; they run as the owner, so rows come by a revision.';
COMMENT ON COLUMN aegis.ingest_checks.target IS 'Table whose batches call it.';
COMMENT ON COLUMN aegis.ingest_checks.stage IS
'before: (p_target text, p_source text) RETURNS text, a reason quarantines the whole batch; '
'rows: (p_target text, p_source text, p_batch_number bigint, p_work regclass) RETURNS TABLE (line_number bigint, reason text), '
'quarantines these rows; after: the same parameters RETURNS void, called once the rows are applied.';
COMMENT ON COLUMN aegis.ingest_checks.priority IS 'Smaller is called first.';
COMMENT ON COLUMN aegis.ingest_checks.routine IS
'Name of the function in schema aegis. p_work is the session''s work table: line_number, the columns '
'of the input type, and reason, which is null in the rows that are accepted.';

ALTER TABLE aegis.ingest_checks OWNER TO aegis_owner;
GRANT SELECT ON aegis.ingest_checks TO aegis_reader;
