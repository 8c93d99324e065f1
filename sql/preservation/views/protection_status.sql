-- What is protected and whether the guards are in force, from the catalog of this moment.

CREATE OR REPLACE VIEW aegis.protection_status AS
SELECT
    format('%I.%I', p.schema_name, p.table_name) AS relation,
    coalesce(c.relkind = 'p', FALSE) AS is_partitioned,
    tree.relations,
    c.oid IS NOT NULL AND gaps.missing IS NULL AND tree.pending IS NULL AS is_protected,
    CASE
        WHEN c.oid IS NULL THEN ARRAY['the table itself']
        ELSE coalesce(gaps.missing, '{}') || coalesce(tree.pending, '{}')
    END AS missing,
    CASE
        WHEN p.history_table_name IS NOT NULL
            THEN format('%I.%I', p.history_schema_name, p.history_table_name)
    END AS history_table,
    p.is_append_only,
    EXISTS(
        SELECT FROM pg_event_trigger AS e
        WHERE e.evtname = 'aegis_arm_partitions' AND e.evtenabled = 'A'
    ) AS has_event_trigger,
    p.protected_at,
    p.protected_by,
    p.reason
FROM aegis.protected_tables AS p
LEFT JOIN pg_namespace AS n ON n.nspname = p.schema_name
LEFT JOIN pg_class AS c
    ON c.relnamespace = n.oid AND c.relname = p.table_name AND c.relkind IN ('r', 'p')
LEFT JOIN LATERAL (
    SELECT array_agg(format('%s on %s', g.trigger_name, g.relation) ORDER BY g.step) AS missing
    FROM aegis_guard.guard_gaps(c.oid, p.history_table_name IS NOT NULL, p.is_append_only) AS g
) AS gaps ON TRUE
LEFT JOIN LATERAL (
    WITH RECURSIVE branch (relid, is_pending) AS (
        SELECT
            c.oid,
            FALSE
        WHERE c.oid IS NOT NULL
        UNION ALL
        SELECT
            i.inhrelid,
            i.inhdetachpending
        FROM branch AS b
        JOIN pg_inherits AS i ON i.inhparent = b.relid
        JOIN pg_class AS k ON k.oid = i.inhrelid AND k.relispartition
    )

    SELECT
        count(*)::integer AS relations,
        array_agg(format('attachment of %s', b.relid::regclass) ORDER BY b.relid)
        FILTER (WHERE b.is_pending) AS pending
    FROM branch AS b
) AS tree ON TRUE;

COMMENT ON VIEW aegis.protection_status IS
'Every protected table and whether its guards are in force, judged by the catalog.';
COMMENT ON COLUMN aegis.protection_status.relation IS 'The table, with its schema.';
COMMENT ON COLUMN aegis.protection_status.is_partitioned IS 'Whether it has partitions.';
COMMENT ON COLUMN aegis.protection_status.relations IS 'The table and its partitions, counted.';
COMMENT ON COLUMN aegis.protection_status.is_protected IS 'Whether nothing is missing.';
COMMENT ON COLUMN aegis.protection_status.missing IS
'Guards that are absent or not in force, and partitions whose detachment is pending.';
COMMENT ON COLUMN aegis.protection_status.history_table IS
'Table that keeps its superseded rows, null where none does.';
COMMENT ON COLUMN aegis.protection_status.is_append_only IS 'Whether UPDATE is refused too.';
COMMENT ON COLUMN aegis.protection_status.has_event_trigger IS
'Whether this database guards partitions that others than AEGIS make.';
COMMENT ON COLUMN aegis.protection_status.protected_at IS 'When protection began.';
COMMENT ON COLUMN aegis.protection_status.protected_by IS 'Login role that asked for it.';
COMMENT ON COLUMN aegis.protection_status.reason IS 'Why it is protected.';

ALTER VIEW aegis.protection_status OWNER TO aegis_owner;
GRANT SELECT ON aegis.protection_status TO aegis_reader;
