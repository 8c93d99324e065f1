-- The verdict of every row that was not simply applied, and of all rows of batches that asked for it.

CREATE OR REPLACE VIEW aegis.row_verdicts AS
SELECT
    v.batch_number,
    g.line_number,
    v.verdict,
    NULL::text AS reason,
    NULL::bigint AS dead_letter_id
FROM aegis.batch_verdicts AS v
CROSS JOIN LATERAL unnest(v.lines) AS r (line_range)
CROSS JOIN LATERAL generate_series(lower(r.line_range), upper(r.line_range) - 1) AS g (line_number)
UNION ALL
SELECT
    d.batch_number,
    d.line_number,
    d.verdict,
    d.reason,
    d.dead_letter_id
FROM aegis.dead_letters AS d;

COMMENT ON VIEW aegis.row_verdicts IS
'Verdict by line: every row that was not simply applied; all rows where the batch came with p_verdicts => ''all''.';
COMMENT ON COLUMN aegis.row_verdicts.batch_number IS 'Batch, see aegis.ingest_batches.';
COMMENT ON COLUMN aegis.row_verdicts.line_number IS 'Line of the file, or position in the array, from 1.';
COMMENT ON COLUMN aegis.row_verdicts.verdict IS
'inserted, updated, unchanged, stale, duplicate, kept_deleted, quarantined or rejected.';
COMMENT ON COLUMN aegis.row_verdicts.reason IS 'Why it was put aside; null for the other verdicts.';
COMMENT ON COLUMN aegis.row_verdicts.dead_letter_id IS 'Where what was put aside is kept.';

ALTER VIEW aegis.row_verdicts OWNER TO aegis_owner;
GRANT SELECT ON aegis.row_verdicts TO aegis_reader;
