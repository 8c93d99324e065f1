-- Compares protected relations, or all of them and the code, with their baselines: one row per
-- aspect that differs. is_weaker tells what a statement may not do outside of a change window,
-- is_loss what not even a window permits.
--
-- p_root     one table: its partitions are followed into when its own state has changed, and where
--            they have no baseline; that each is in its place is always asked
-- p_relation the partition that a statement touched: then only that and what is below it
-- without p_root: everything that is registered, archived, or has a baseline

CREATE OR REPLACE FUNCTION aegis_guard.compare_state(
    p_root regclass DEFAULT NULL,
    p_relation regclass DEFAULT NULL
)
RETURNS TABLE (
    schema_name text,
    table_name text,
    root_name text,
    aspect text,
    was text,
    is_now text,
    is_weaker boolean,
    is_loss boolean,
    fingerprint jsonb
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
ROWS 5
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_root_names text [];
    v_tree oid [];
    v_examined oid [];
BEGIN
    -- Arrays carry what is compared from step to step, so that no plan hangs on how many rows a catalog seems to have.
    IF p_root IS NULL THEN
        v_root_names := ARRAY(SELECT DISTINCT b.root_name FROM aegis_guard.baselines AS b);
        v_tree := ARRAY(
            SELECT c.oid
              FROM pg_class AS c
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p')
               AND NOT c.relispartition
               AND (n.nspname = 'aegis_archive'
                    OR EXISTS (SELECT FROM aegis.protected_tables AS p
                                WHERE p.schema_name = n.nspname AND p.table_name = c.relname))
        );
        v_tree := v_tree
            || ARRAY(SELECT t.relid::oid FROM unnest(v_tree) AS r (oid) CROSS JOIN pg_partition_tree(r.oid) AS t);
        v_examined := v_tree;
    ELSE
        v_root_names := ARRAY[p_root::text];
        v_tree := p_root::oid || ARRAY(SELECT t.relid::oid FROM pg_partition_tree(p_root) AS t);

        IF p_relation <> p_root THEN
            v_examined := p_relation::oid || ARRAY(SELECT t.relid::oid FROM pg_partition_tree(p_relation) AS t);
        ELSIF EXISTS (
            SELECT
              FROM aegis_guard.fingerprint(ARRAY[p_root::oid]) AS f
              JOIN pg_class AS c ON c.oid = f.relation
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE f.fingerprint IS DISTINCT FROM aegis_guard._sealed_state(n.nspname, c.relname)
        ) THEN
            v_examined := v_tree;
        ELSE
            -- An unchanged root has handed nothing down to its partitions.
            v_examined := p_root::oid || ARRAY(
                SELECT c.oid
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.oid = ANY (v_tree) AND aegis_guard._sealed_state(n.nspname, c.relname) IS NULL
            );
        END IF;
    END IF;

    RETURN QUERY
    WITH named AS MATERIALIZED (
        SELECT c.oid AS relation, n.nspname::text AS schema_name, c.relname::text AS table_name,
               coalesce(p_root, pg_partition_root(c.oid), c.oid)::regclass::text AS root_name
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.oid = ANY (v_tree)
    ),
    subjects AS (
        SELECT n.schema_name, n.table_name
          FROM named AS n
         WHERE n.relation = ANY (v_examined) OR n.relation = p_root
         UNION
        -- What has been there; whether it still should be, its newest baseline tells.
        SELECT b.schema_name, b.table_name
          FROM aegis_guard.baselines AS b
         WHERE b.root_name = ANY (v_root_names)
           AND (b.schema_name, b.table_name) NOT IN (SELECT n.schema_name, n.table_name FROM named AS n)
    ),
    sealed AS MATERIALIZED (
        SELECT s.schema_name, s.table_name, b.root_name, b.fingerprint
          FROM subjects AS s
         CROSS JOIN LATERAL (
            SELECT l.root_name, l.fingerprint
              FROM aegis_guard.baselines AS l
             WHERE l.schema_name = s.schema_name AND l.table_name = s.table_name
             ORDER BY l.baseline_id DESC
             LIMIT 1
         ) AS b
    ),
    live AS (
        SELECT n.schema_name, n.table_name, n.root_name, f.fingerprint
          FROM aegis_guard.fingerprint(v_examined) AS f
          JOIN named AS n ON n.relation = f.relation
         UNION ALL
        SELECT '', 'code', '', aegis_guard.code_fingerprint()
         WHERE p_root IS NULL
    ),
    pairs AS (
        SELECT l.schema_name, l.table_name, l.root_name, s.fingerprint AS sealed, l.fingerprint AS live
          FROM live AS l
          LEFT JOIN sealed AS s USING (schema_name, table_name)
         UNION ALL
        -- What has a baseline and is not where it was.
        SELECT s.schema_name, s.table_name, s.root_name, s.fingerprint, NULL
          FROM sealed AS s
         WHERE s.fingerprint IS NOT NULL
           AND NOT (s.schema_name = '' AND s.table_name = 'code')
           AND s.root_name = ANY (v_root_names)
           AND NOT EXISTS (SELECT FROM named AS n WHERE n.schema_name = s.schema_name AND n.table_name = s.table_name)
    ),
    differing AS (
        SELECT p.schema_name, p.table_name, p.root_name, d.aspect, d.was, d.is_now, p.live,
               p.sealed IS NULL AS is_new
          FROM pairs AS p
         CROSS JOIN LATERAL (
            SELECT 'relation' AS aspect, 'there' AS was, NULL AS is_now WHERE p.live IS NULL
             UNION ALL
            SELECT coalesce(o.key, c.key), o.value, c.value
              FROM jsonb_each_text(coalesce(p.sealed, '{}')) AS o
              FULL JOIN jsonb_each_text(p.live) AS c ON c.key = o.key
             WHERE p.live IS NOT NULL
               AND o.value IS DISTINCT FROM c.value
         ) AS d
         WHERE p.live IS DISTINCT FROM p.sealed
    )
    SELECT d.schema_name, d.table_name, d.root_name, d.aspect, d.was, d.is_now,
           CASE
               -- A partition that has come: as its root is, and no code of others on it.
               WHEN d.is_new
                   THEN d.root_name <> format('%I.%I', d.schema_name, d.table_name)
                        AND (d.aspect ~ '^(trigger|rule|policy|disabled|public) '
                             AND NOT coalesce(s.fingerprint ? d.aspect, FALSE)
                             OR d.aspect = 'relation' AND d.is_now !~ '^[rp] p ')
               WHEN d.aspect ~ '^(column|not null|default|guard|constraint) ' AND d.was IS NULL THEN FALSE
               WHEN d.aspect ~ '^(trigger|rule|policy|disabled|public) ' AND d.is_now IS NULL THEN FALSE
               -- A guard that is put in force.
               WHEN d.aspect ^@ 'guard ' AND substr(d.was, 3) = substr(d.is_now, 3)
                   AND left(d.is_now, 1) = CASE d.aspect WHEN 'guard aegis_replica' THEN 'R' ELSE 'A' END THEN FALSE
               -- What the owner of the data takes over from whoever made it.
               WHEN d.aspect = 'relation' AND regexp_replace(d.was, 'owner \S+', 'owner aegis_owner') = d.is_now THEN FALSE
               -- An archived partition is append-only; it has no history to write.
               WHEN d.schema_name = 'aegis_archive' AND d.aspect = 'guard aegis_history' AND d.is_now IS NULL THEN FALSE
               WHEN d.aspect ^@ 'constraint ' AND d.was = d.is_now || ' NOT VALID' THEN FALSE
               WHEN d.schema_name = '' AND d.was IS NULL AND d.aspect !~ '^right ' THEN FALSE
               WHEN d.schema_name = '' AND d.aspect ~ '^right ' AND d.is_now IS NULL THEN FALSE
               ELSE TRUE
           END,
           d.schema_name <> ''
           AND CASE
               WHEN d.is_new THEN FALSE
               WHEN d.aspect = 'relation' AND regexp_replace(d.was, 'owner \S+', 'owner aegis_owner') = d.is_now THEN FALSE
               WHEN d.aspect ^@ 'relation' OR d.aspect ^@ 'column ' THEN d.was IS NOT NULL
               -- A revision may hang AEGIS' own code on a table; that code has its baseline too.
               WHEN d.aspect ^@ 'trigger ' THEN d.is_now !~ ' EXECUTE FUNCTION aegis\.[a-z0-9_]+\(\)$'
               WHEN d.aspect ~ '^(rule|policy|disabled|public) ' THEN d.is_now IS NOT NULL
               ELSE FALSE
           END,
           d.live
      FROM differing AS d
      LEFT JOIN sealed AS s ON format('%I.%I', s.schema_name, s.table_name) = d.root_name;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.compare_state(regclass, regclass) IS -- noqa: LT01
'Aspects in which protected relations, or all of them and the code of AEGIS, differ from their baselines.';

ALTER FUNCTION aegis_guard.compare_state(regclass, regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.compare_state(regclass, regclass) FROM PUBLIC;
