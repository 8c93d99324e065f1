-- What a relation and the partitions below it lack: one row per trigger that is missing, has
-- another definition or is not in force. Reads the catalog and no list of its own, so it is
-- also true of partitions that nobody armed. The optional triggers (history, append-only) are
-- demanded where the caller asks for them or the root of the partition tree has them.
--
-- Steps are in the order in which they must be closed: partitions before their parent. PL/pgSQL,
-- because it keeps its plan, which costs more to make than to run; so does fingerprint.

CREATE OR REPLACE FUNCTION aegis_guard.guard_gaps(
    p_relation regclass,
    p_history boolean DEFAULT FALSE,
    p_append_only boolean DEFAULT FALSE
)
RETURNS TABLE (
    step bigint,
    relation regclass,
    trigger_name text,
    is_clone boolean,
    is_present boolean,
    create_trigger text,
    enable_trigger text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE tree (relid, is_partition, level) AS (
        SELECT c.oid, c.relispartition, 0
          FROM pg_class AS c
         WHERE c.oid = p_relation
        UNION ALL
        SELECT c.oid, TRUE, t.level + 1
          FROM tree AS t
          JOIN pg_inherits AS i ON i.inhparent = t.relid
          JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
    ),
    -- Of the root: its partitions have the same key, whatever the numbers of its columns.
    key (column_names, columns, is_changed) AS (
        SELECT array_agg(a.attname::text ORDER BY a.attname),
               string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
               string_agg(format('old.%1$I IS DISTINCT FROM new.%1$I', a.attname), ' OR ' ORDER BY a.attnum)
          FROM pg_index AS i
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
         WHERE i.indrelid = coalesce(pg_partition_root(p_relation), p_relation)
           AND i.indisprimary
    ),
    guard (trigger_name, is_core, is_row, function_name, type_bits, old_table, new_table, definition, firing) AS (
        VALUES
        ('aegis_no_delete', TRUE, FALSE, 'refuse_removal', 10, NULL, NULL,
         'BEFORE DELETE ON %s', 'ALWAYS'),
        ('aegis_no_delete_row', TRUE, TRUE, 'refuse_removal', 11, NULL, NULL,
         'BEFORE DELETE ON %s FOR EACH ROW', 'ALWAYS'),
        -- Asked only where a statement names a key column. Before the row it would lock every row of every UPDATE, asked or
        -- not. A row that moves to another partition meets the guard of removals.
        ('aegis_no_rekey', (SELECT k.columns IS NOT NULL FROM key AS k), TRUE, 'refuse_removal', 17, NULL, NULL,
         (SELECT format('AFTER UPDATE OF %s ON %%s FOR EACH ROW WHEN (%s)',
                        replace(k.columns, '%', '%%'), replace(k.is_changed, '%', '%%')) FROM key AS k), 'ALWAYS'),
        ('aegis_no_truncate', TRUE, FALSE, 'refuse_removal', 34, NULL, NULL,
         'BEFORE TRUNCATE ON %s', 'ALWAYS'),
        ('aegis_settle_ticket', TRUE, FALSE, 'settle_ticket', 8, 'removed_rows', NULL,
         'AFTER DELETE ON %s REFERENCING OLD TABLE AS removed_rows', 'ALWAYS'),
        -- Citus moves a shard by logical replication, which this would stop; and what the guards
        -- keep for themselves they write in replica mode too.
        ('aegis_replica',
         NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'citus')
         AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = p_relation AND c.relowner = 'aegis_guard'::regrole),
         TRUE, 'refuse_replica', 21, NULL, NULL,
         'AFTER INSERT OR UPDATE ON %s FOR EACH ROW', 'REPLICA'),
        ('aegis_no_update', FALSE, FALSE, 'refuse_removal', 18, NULL, NULL,
         'BEFORE UPDATE ON %s', 'ALWAYS'),
        -- Citus moves a shard by logical replication; ALWAYS would capture its rows twice.
        ('aegis_history', FALSE, FALSE, 'capture_history', 16, 'old_rows', NULL,
         'AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows', NULL),
        ('aegis_seal', FALSE, FALSE, 'seal_rows', 4, NULL, 'new_rows',
         'AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows', NULL),
        ('aegis_seal_delete', FALSE, FALSE, 'seal_rows', 8, 'new_rows', NULL,
         'AFTER DELETE ON %s REFERENCING OLD TABLE AS new_rows', NULL),
        ('aegis_seal_update', FALSE, FALSE, 'seal_rows', 16, NULL, 'new_rows',
         'AFTER UPDATE ON %s REFERENCING NEW TABLE AS new_rows', NULL)
    ),
    demanded AS (
        SELECT g.trigger_name, g.is_row, g.function_name, g.type_bits, g.old_table, g.new_table, g.definition,
               coalesce(g.firing,
                        CASE WHEN EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'citus')
                            THEN '' ELSE 'ALWAYS'
                        END) AS firing,
               p.oid AS function_oid
          FROM guard AS g
          JOIN pg_proc AS p
            ON p.proname = g.function_name
           AND p.pronamespace = 'aegis_guard'::regnamespace
           AND p.pronargs = 0
         WHERE g.is_core
            OR g.trigger_name = 'aegis_history' AND p_history
            OR g.trigger_name = 'aegis_no_update' AND p_append_only
            OR g.function_name = 'seal_rows' AND EXISTS (
                   SELECT
                     FROM pg_class AS c
                     JOIN pg_namespace AS n ON n.oid = c.relnamespace
                     JOIN aegis.protected_tables AS p
                       ON (p.schema_name, p.table_name) = (n.nspname, c.relname)
                       OR (p.history_schema_name, p.history_table_name) = (n.nspname, c.relname)
                      AND g.trigger_name <> 'aegis_seal'
                     JOIN aegis.seal_formats AS f ON (f.schema_name, f.table_name) = (p.schema_name, p.table_name)
                    WHERE c.oid = coalesce(pg_partition_root(p_relation), p_relation)
               )
            OR EXISTS (
                   SELECT
                     FROM pg_trigger AS t
                    WHERE t.tgrelid = coalesce(pg_partition_root(p_relation), p_relation)
                      AND t.tgname = g.trigger_name
                      AND t.tgfoid = p.oid
               )
    )
    SELECT row_number() OVER (ORDER BY r.level DESC, r.relid, d.trigger_name),
           r.relid::regclass,
           d.trigger_name,
           d.is_row AND r.is_partition,
           t.oid IS NOT NULL,
           format('CREATE OR REPLACE TRIGGER %I ' || d.definition || ' EXECUTE FUNCTION aegis_guard.%I()',
                  d.trigger_name, r.relid::regclass, d.function_name),
           format('ENABLE %s TRIGGER %I', d.firing, d.trigger_name)
      FROM tree AS r
     CROSS JOIN demanded AS d
      LEFT JOIN pg_trigger AS t
        ON t.tgrelid = r.relid
       AND t.tgname = d.trigger_name
       AND t.tgfoid = d.function_oid
       AND t.tgtype = d.type_bits
       AND t.tgoldtable IS NOT DISTINCT FROM d.old_table
       AND t.tgnewtable IS NOT DISTINCT FROM d.new_table
       AND (t.tgqual IS NOT NULL) = (d.trigger_name = 'aegis_no_rekey')
       AND CASE
               WHEN d.trigger_name = 'aegis_no_rekey'
                   THEN (SELECT k.column_names FROM key AS k) = ARRAY(
                            SELECT a.attname::text
                              FROM pg_attribute AS a
                             WHERE a.attrelid = r.relid AND a.attnum = ANY (t.tgattr)
                             ORDER BY a.attname
                        )
               ELSE t.tgattr = ''::int2vector
           END
     WHERE t.oid IS NULL
        OR t.tgenabled <> CASE d.firing WHEN 'ALWAYS' THEN 'A' WHEN 'REPLICA' THEN 'R' ELSE 'O' END;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.guard_gaps(regclass, boolean, boolean) IS -- noqa: LT01
'Guard triggers that a relation or a partition below it lacks or has not in force, with the statements that mend it.';
ALTER FUNCTION aegis_guard.guard_gaps(regclass, boolean, boolean) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.guard_gaps(regclass, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.guard_gaps(regclass, boolean, boolean) TO aegis_owner, aegis_operator, aegis_reader;
