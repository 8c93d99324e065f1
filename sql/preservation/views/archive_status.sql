-- Every archived partition, what became of it, and whether it may be dropped.

CREATE OR REPLACE VIEW aegis.archive_status AS
SELECT
    a.archive_id,
    format('%I.%I', a.schema_name, a.table_name) AS relation,
    format('aegis_archive.%I', a.archive_name) AS archive,
    a.lower_bound,
    a.upper_bound,
    a.newest_event_on,
    e.row_count,
    e.digest,
    a.archived_at,
    e.verified_at,
    e.exported_at,
    e.dropped_at,
    d.droppable_on,
    CASE
        WHEN e.dropped_at IS NOT NULL THEN 'It is dropped already.'
        WHEN coalesce(y.final_action, 'archive') <> 'drop' THEN 'Its retention class keeps archives for ever.'
        WHEN e.verified_at IS NULL THEN 'It was not verified since it was archived.'
        WHEN d.droppable_on > t.today THEN format('It stays until %s.', d.droppable_on)
        WHEN y.is_export_required AND e.exported_at IS NULL THEN 'Its export is not in the ledger.'
    END AS obstacle
FROM aegis.archived_partitions AS a
CROSS JOIN (SELECT (transaction_timestamp() AT TIME ZONE 'Asia/Seoul')::date AS today) AS t
CROSS JOIN LATERAL (
    SELECT
        min(v.happened_at) FILTER (WHERE v.event = 'verified') AS verified_at,
        -- An export from before an erasure holds what was erased: it does not count.
        max(v.happened_at) FILTER (WHERE v.event = 'exported' AND v.digest = l.digest) AS exported_at,
        max(v.happened_at) FILTER (WHERE v.event = 'dropped') AS dropped_at,
        l.row_count,
        l.digest
    FROM (
        SELECT
            coalesce((array_agg(x.row_count ORDER BY x.ledger_id DESC))[1], a.row_count) AS row_count,
            coalesce((array_agg(x.digest ORDER BY x.ledger_id DESC))[1], a.digest) AS digest
        FROM aegis.archive_events AS x
        WHERE x.archive_id = a.archive_id AND x.event = 'erased'
    ) AS l
    LEFT JOIN aegis.archive_events AS v ON v.archive_id = a.archive_id
    GROUP BY l.row_count, l.digest
) AS e
LEFT JOIN LATERAL (
    SELECT
        p.final_action,
        p.archive_term,
        p.is_export_required
    FROM aegis.retention_policies AS p
    WHERE a.schema_name = 'aegis'
        AND p.table_name IN (
            a.table_name,
            (
                SELECT b.table_name
                FROM aegis.protected_tables AS b
                WHERE b.history_schema_name = a.schema_name AND b.history_table_name = a.table_name
            )
        )
    LIMIT 1
) AS y ON TRUE
CROSS JOIN LATERAL (
    SELECT ((a.archived_at AT TIME ZONE 'Asia/Seoul')::date + y.archive_term)::date + 1 AS droppable_on
) AS d;

COMMENT ON VIEW aegis.archive_status IS
'Archived partitions, what became of them, and what keeps each from being dropped.';
COMMENT ON COLUMN aegis.archive_status.archive_id IS 'Number of the archive.';
COMMENT ON COLUMN aegis.archive_status.relation IS 'The table it was part of, with its schema.';
COMMENT ON COLUMN aegis.archive_status.archive IS 'The table it is now, with its schema.';
COMMENT ON COLUMN aegis.archive_status.lower_bound IS 'First day of its range (KST).';
COMMENT ON COLUMN aegis.archive_status.upper_bound IS 'Day after the last of its range (KST).';
COMMENT ON COLUMN aegis.archive_status.newest_event_on IS 'Day of its newest event (KST).';
COMMENT ON COLUMN aegis.archive_status.row_count IS 'Rows it holds, or held when it was dropped.';
COMMENT ON COLUMN aegis.archive_status.digest IS 'Digest its rows must have, erasures reckoned in.';
COMMENT ON COLUMN aegis.archive_status.archived_at IS 'When it was archived.';
COMMENT ON COLUMN aegis.archive_status.verified_at IS
'When its rows were read again and found the same; null until then.';
COMMENT ON COLUMN aegis.archive_status.exported_at IS
'When an export of its present rows was verified; null without one.';
COMMENT ON COLUMN aegis.archive_status.dropped_at IS 'When it was dropped; null while it is there.';
COMMENT ON COLUMN aegis.archive_status.droppable_on IS
'First day on which it may be dropped (KST); null where it never may.';
COMMENT ON COLUMN aegis.archive_status.obstacle IS
'What keeps it, legal holds aside; null when nothing does.';

ALTER VIEW aegis.archive_status OWNER TO aegis_guard;
GRANT SELECT ON aegis.archive_status TO aegis_reader;
