-- What became of the rows of one batch. The eight verdicts sum to received, always.

CREATE TYPE aegis.batch_result AS (
    batch_id uuid,
    batch_number bigint,
    is_repeat boolean,
    received integer,
    inserted integer,
    updated integer,
    unchanged integer,
    stale integer,
    duplicate integer,
    quarantined integer,
    rejected integer,
    kept_deleted integer
);

COMMENT ON TYPE aegis.batch_result IS
'Rows of a batch by verdict; the eight verdicts sum to received.';
COMMENT ON COLUMN aegis.batch_result.batch_id IS 'The caller''s identity of the batch.';
COMMENT ON COLUMN aegis.batch_result.batch_number IS 'AEGIS'' number of the batch, kept in every row it wrote.';
COMMENT ON COLUMN aegis.batch_result.is_repeat IS
'True when the batch had been applied before: nothing was changed, the counts are those of the first time.';
COMMENT ON COLUMN aegis.batch_result.received IS 'Rows received.';
COMMENT ON COLUMN aegis.batch_result.inserted IS 'Rows whose key was new.';
COMMENT ON COLUMN aegis.batch_result.updated IS 'Rows that superseded an older value, which is in the history.';
COMMENT ON COLUMN aegis.batch_result.unchanged IS 'Rows that are stored exactly so already.';
COMMENT ON COLUMN aegis.batch_result.stale IS 'Rows older than what is stored; they changed nothing.';
COMMENT ON COLUMN aegis.batch_result.duplicate IS
'Rows whose key came again in this batch with a later value; in append-only tables, events that were there already.';
COMMENT ON COLUMN aegis.batch_result.quarantined IS 'Doubtful rows, kept in aegis.dead_letters.';
COMMENT ON COLUMN aegis.batch_result.rejected IS 'Rows that break a structural rule, kept in aegis.dead_letters.';
COMMENT ON COLUMN aegis.batch_result.kept_deleted IS
'Rows whose key is soft-deleted: the value is up to date, the row stays deleted.';

ALTER TYPE aegis.batch_result OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.batch_result FROM PUBLIC;
GRANT USAGE ON TYPE aegis.batch_result TO aegis_reader;
