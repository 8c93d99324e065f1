-- Dead letters by table, source and reason: how many, how many are open, since when.

CREATE OR REPLACE VIEW aegis.dead_letter_statistics AS
SELECT
    d.target,
    b.source,
    d.verdict,
    d.reason,
    count(*) AS letter_count,
    count(*) FILTER (WHERE r.dead_letter_id IS NULL) AS open_count,
    count(*) FILTER (WHERE r.resolution = 'replayed') AS replayed_count,
    count(*) FILTER (WHERE r.resolution IN ('corrected', 'dismissed')) AS settled_count,
    min(d.recorded_at) FILTER (WHERE r.dead_letter_id IS NULL) AS oldest_open_at,
    max(d.recorded_at) AS latest_at
FROM aegis.dead_letters AS d
INNER JOIN aegis.ingest_batches AS b ON d.batch_number = b.batch_number
LEFT JOIN aegis.dead_letter_resolutions AS r ON d.dead_letter_id = r.dead_letter_id
GROUP BY d.target, b.source, d.verdict, d.reason;

COMMENT ON VIEW aegis.dead_letter_statistics IS
'Dead letters by table, source and reason: how many came, how many are open and since when.';
COMMENT ON COLUMN aegis.dead_letter_statistics.target IS 'Table they were meant for.';
COMMENT ON COLUMN aegis.dead_letter_statistics.source IS 'Source they came from.';
COMMENT ON COLUMN aegis.dead_letter_statistics.verdict IS 'quarantined or rejected.';
COMMENT ON COLUMN aegis.dead_letter_statistics.reason IS 'Rule that put them aside.';
COMMENT ON COLUMN aegis.dead_letter_statistics.letter_count IS 'All letters.';
COMMENT ON COLUMN aegis.dead_letter_statistics.open_count IS 'Letters that nobody has settled.';
COMMENT ON COLUMN aegis.dead_letter_statistics.replayed_count IS 'Letters that were replayed.';
COMMENT ON COLUMN aegis.dead_letter_statistics.settled_count IS 'Letters that a person corrected or dismissed.';
COMMENT ON COLUMN aegis.dead_letter_statistics.oldest_open_at IS 'Since when the oldest open letter waits.';
COMMENT ON COLUMN aegis.dead_letter_statistics.latest_at IS 'When the latest letter came.';

ALTER VIEW aegis.dead_letter_statistics OWNER TO aegis_owner;
GRANT SELECT ON aegis.dead_letter_statistics TO aegis_reader;
