-- What became of the rows of a batch that were not simply applied, by line. A replay of 50,000
-- known rows is one short row here: lines are kept as ranges.

CREATE TABLE aegis.batch_verdicts (
    batch_number bigint NOT NULL,
    verdict text COLLATE "C" NOT NULL,
    row_count integer NOT NULL,
    lines int8multirange NOT NULL,

    CONSTRAINT batch_verdicts_pk PRIMARY KEY (batch_number, verdict),
    CONSTRAINT batch_verdicts_verdict_ck CHECK (
        verdict IN ('inserted', 'updated', 'unchanged', 'stale', 'duplicate', 'kept_deleted')
    ),
    CONSTRAINT batch_verdicts_row_count_ck CHECK (row_count > 0)
);

COMMENT ON TABLE aegis.batch_verdicts IS
'Lines of a batch by verdict: always those that were not simply applied, all of them where the caller asked. '
'Rows put aside are in aegis.dead_letters; aegis.row_verdicts shows both, one row per line. Append-only.';
COMMENT ON COLUMN aegis.batch_verdicts.batch_number IS 'Batch, see aegis.ingest_batches.';
COMMENT ON COLUMN aegis.batch_verdicts.verdict IS
'inserted, updated, unchanged, stale, duplicate or kept_deleted.';
COMMENT ON COLUMN aegis.batch_verdicts.row_count IS 'Rows with this verdict.';
COMMENT ON COLUMN aegis.batch_verdicts.lines IS 'Their line numbers.';

ALTER TABLE aegis.batch_verdicts OWNER TO aegis_owner;
GRANT SELECT ON aegis.batch_verdicts TO aegis_reader;
