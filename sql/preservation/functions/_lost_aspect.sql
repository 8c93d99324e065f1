-- What a statement of a change window may not do, though the window is judged when it closes: one
-- row if a guard or column of a relation of p_relations is no longer as it was; if p_is_move, the
-- relation itself no longer where it was; if p_is_code, a routine of the guards. Otherwise rows could be removed behind a
-- guard that goes and comes back, or values behind names that are given away and taken again. A
-- guard may take the form that two persons have approved.

CREATE OR REPLACE FUNCTION aegis_guard._lost_aspect(
    p_relations oid [],
    p_is_move boolean,
    p_is_code boolean
)
RETURNS TABLE (
    relation text,
    aspect text,
    was text,
    becomes text
)
LANGUAGE plpgsql
STABLE
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_touched record;
BEGIN
    FOR v_touched IN
        SELECT c.oid, b.root_name, b.fingerprint
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN LATERAL (
            SELECT l.root_name, l.fingerprint
              FROM aegis_guard.baselines AS l
             WHERE l.schema_name = n.nspname AND l.table_name = c.relname
             ORDER BY l.baseline_id DESC
             LIMIT 1
          ) AS b ON TRUE
         WHERE c.oid = ANY (p_relations) AND c.relkind IN ('r', 'p')
    LOOP
        IF v_touched.fingerprint IS NOT NULL THEN
            RETURN QUERY
            SELECT v_touched.root_name, o.key, o.value, f.fingerprint ->> o.key
              FROM aegis_guard.fingerprint(ARRAY[v_touched.oid]) AS f
             CROSS JOIN LATERAL jsonb_each_text(v_touched.fingerprint) AS o
             WHERE f.fingerprint <> v_touched.fingerprint
               AND o.value IS DISTINCT FROM f.fingerprint ->> o.key
               AND CASE
                       WHEN o.key ^@ 'column ' THEN TRUE
                       -- What the owner of the data takes over from whoever made it.
                       WHEN o.key = 'relation'
                           THEN regexp_replace(o.value, 'owner \S+', 'owner aegis_owner') <> f.fingerprint ->> o.key
                       -- While a relation is being armed, its guards are made first and put in force then.
                       WHEN o.key ^@ 'guard ' THEN left(o.value, 1) <> 'O'
                   END
               AND NOT aegis_guard._is_approved(v_touched.root_name, o.key, o.value, f.fingerprint ->> o.key)
             LIMIT 1;
        ELSIF p_is_move AND EXISTS (
            SELECT
              FROM pg_trigger AS g
              JOIN pg_proc AS p ON p.oid = g.tgfoid AND p.proname = 'refuse_removal'
             WHERE g.tgrelid = v_touched.oid AND p.pronamespace = 'aegis_guard'::regnamespace
        ) THEN
            -- Guards under a name that nobody knows: being protected just now, or renamed away.
            RETURN QUERY
            SELECT b.root_name, 'relation', 'there', NULL::text
              FROM (
                SELECT DISTINCT ON (l.schema_name, l.table_name) l.schema_name, l.table_name, l.root_name,
                       l.fingerprint IS NULL AS is_settled
                  FROM aegis_guard.baselines AS l
                 ORDER BY l.schema_name, l.table_name, l.baseline_id DESC
              ) AS b
             WHERE NOT b.is_settled
               AND NOT EXISTS (
                       SELECT
                         FROM pg_class AS c
                         JOIN pg_namespace AS n ON n.oid = c.relnamespace
                        WHERE n.nspname = b.schema_name AND c.relname = b.table_name AND c.relkind IN ('r', 'p')
                   )
               AND EXISTS (SELECT FROM aegis.protected_tables AS y
                            WHERE format('%I.%I', y.schema_name, y.table_name) = b.root_name)
             LIMIT 1;
        END IF;

        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;

    IF p_is_code THEN
        RETURN QUERY
        WITH live AS MATERIALIZED (
            SELECT aegis_guard.code_fingerprint() AS fingerprint
        )
        SELECT 'code', o.key, o.value, l.fingerprint ->> o.key
          FROM live AS l
         CROSS JOIN LATERAL jsonb_each_text(aegis_guard._sealed_state('', 'code')) AS o
         WHERE o.key ^@ 'routine aegis_guard.'
           AND o.value IS DISTINCT FROM l.fingerprint ->> o.key
           AND NOT aegis_guard._is_approved('code', o.key, o.value, l.fingerprint ->> o.key)
         LIMIT 1;
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._lost_aspect(oid [], boolean, boolean) IS -- noqa: LT01
'What a statement of a change window has done to guards, columns or names of relations, or to the routines of the guards.';

ALTER FUNCTION aegis_guard._lost_aspect(oid [], boolean, boolean) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._lost_aspect(oid [], boolean, boolean) FROM PUBLIC;
