-- One row per applied batch: what came, from where, and what became of it. The same
-- batch sent again finds its row and changes nothing.

CREATE TABLE aegis.ingest_batches (
    batch_number bigint NOT NULL DEFAULT nextval('aegis.batch_numbers'::regclass),
    batch_id uuid NOT NULL,
    target text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    content_digest bytea NOT NULL,
    received integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    stale integer NOT NULL,
    duplicate integer NOT NULL,
    kept_deleted integer NOT NULL,
    quarantined integer NOT NULL,
    rejected integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT SESSION_USER,
    duration interval NOT NULL DEFAULT clock_timestamp() - statement_timestamp(),
    first_day date,
    last_day date,

    CONSTRAINT ingest_batches_pk PRIMARY KEY (batch_number),
    CONSTRAINT ingest_batches_batch_id_uq UNIQUE (batch_id),
    CONSTRAINT ingest_batches_digest_ck CHECK (octet_length(content_digest) = 32),
    CONSTRAINT ingest_batches_verdicts_ck CHECK (
        least(inserted, updated, unchanged, stale, duplicate, kept_deleted, quarantined, rejected) >= 0
        AND received
        = inserted + updated + unchanged + stale + duplicate + kept_deleted + quarantined + rejected
    )
);

COMMENT ON TABLE aegis.ingest_batches IS
'One row per applied batch: origin, digest of its content, rows by verdict. Append-only.';
COMMENT ON COLUMN aegis.ingest_batches.batch_number IS 'AEGIS'' number of the batch; rows carry it.';
COMMENT ON COLUMN aegis.ingest_batches.batch_id IS 'The caller''s identity of the batch; makes sending it again harmless.';
COMMENT ON COLUMN aegis.ingest_batches.target IS 'Name of the table the batch went to, in schema aegis.';
COMMENT ON COLUMN aegis.ingest_batches.source IS 'Source of the rows, see aegis.data_sources.';
COMMENT ON COLUMN aegis.ingest_batches.content_digest IS 'SHA-256 of the rows as received, in their order.';
COMMENT ON COLUMN aegis.ingest_batches.received IS 'Rows received; the sum of the eight verdicts.';
COMMENT ON COLUMN aegis.ingest_batches.inserted IS 'Rows whose key was new.';
COMMENT ON COLUMN aegis.ingest_batches.updated IS 'Rows that superseded an older value.';
COMMENT ON COLUMN aegis.ingest_batches.unchanged IS 'Rows stored exactly so already.';
COMMENT ON COLUMN aegis.ingest_batches.stale IS 'Rows older than what was stored.';
COMMENT ON COLUMN aegis.ingest_batches.duplicate IS 'Rows superseded within the batch; in append-only tables, events that were there already.';
COMMENT ON COLUMN aegis.ingest_batches.kept_deleted IS
'Rows that superseded an older value of a soft-deleted row, which stays deleted.';
COMMENT ON COLUMN aegis.ingest_batches.quarantined IS 'Doubtful rows, in aegis.dead_letters.';
COMMENT ON COLUMN aegis.ingest_batches.rejected IS 'Rows that break a structural rule, in aegis.dead_letters.';
COMMENT ON COLUMN aegis.ingest_batches.applied_at IS 'When it was applied.';
COMMENT ON COLUMN aegis.ingest_batches.applied_by IS 'Login role that sent it.';
COMMENT ON COLUMN aegis.ingest_batches.duration IS
'From the arrival of the client''s statement to this row; a measure of load.';
COMMENT ON COLUMN aegis.ingest_batches.first_day IS
'First trading date of the rows that the rules passed; null where there are none, or the table has no days.';
COMMENT ON COLUMN aegis.ingest_batches.last_day IS 'The last of them.';

ALTER TABLE aegis.ingest_batches OWNER TO aegis_owner;
GRANT SELECT ON aegis.ingest_batches TO aegis_reader;
