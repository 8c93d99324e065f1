-- Refuses to change rows of a relation that could run somebody else's code while the routine that
-- changes them holds the rights of the guards: foreign triggers, rules, row security, functions in
-- constraints, defaults and indexes, types of others. Looks at the whole partition tree.
--
-- Raises   AEP65  there is such code, or a relation belongs to others

CREATE OR REPLACE FUNCTION aegis_guard._check_foreign_code(p_relation regclass)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_detail text;
BEGIN
    WITH tree AS (
        SELECT c.*
          FROM pg_class AS c
         WHERE c.oid = p_relation
            OR c.oid IN (SELECT t.relid FROM pg_partition_tree(p_relation) AS t)
    ),
    code AS (
        SELECT format('%s belongs to %s.', t.oid::regclass, t.relowner::regrole) AS found
          FROM tree AS t
         WHERE t.relkind NOT IN ('r', 'p')
            OR t.relowner::regrole::text NOT IN ('aegis_owner', 'aegis_guard')
        UNION ALL
        SELECT format('Trigger %I stands on %s.', g.tgname, t.oid::regclass)
          FROM tree AS t
          JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
          JOIN pg_proc AS p ON p.oid = g.tgfoid AND p.pronamespace <> 'aegis_guard'::regnamespace
        UNION ALL
        SELECT format('Rule %I stands on %s.', w.rulename, t.oid::regclass)
          FROM tree AS t
          JOIN pg_rewrite AS w ON w.ev_class = t.oid
        UNION ALL
        SELECT format('Row security is on for %s.', t.oid::regclass)
          FROM tree AS t
         WHERE t.relrowsecurity
        UNION ALL
        SELECT format('Column %I of %s has type %s.', a.attname, t.oid::regclass, a.atttypid::regtype)
          FROM tree AS t
          JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
          JOIN pg_type AS y ON y.oid = a.atttypid AND y.typnamespace <> 'pg_catalog'::regnamespace
        UNION ALL
        SELECT format('Function %s is used by %s of %s.', p.oid::regprocedure, d.classid::regclass, t.oid::regclass)
          FROM tree AS t
         CROSS JOIN LATERAL (
            SELECT 'pg_constraint'::regclass AS classid, k.oid FROM pg_constraint AS k WHERE k.conrelid = t.oid
            UNION ALL
            SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef AS f WHERE f.adrelid = t.oid
            UNION ALL
            SELECT 'pg_class'::regclass, x.indexrelid FROM pg_index AS x WHERE x.indrelid = t.oid
         ) AS o
          JOIN pg_depend AS d ON d.classid = o.classid AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
          JOIN pg_proc AS p
            ON p.oid = d.refobjid
           AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'aegis_guard'::regnamespace)
    )
    SELECT c.found INTO v_detail FROM code AS c LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'rows of % are not touched', p_relation
            USING ERRCODE = 'AEP65',
                  DETAIL = v_detail,
                  HINT = 'Remove it first: it would run with the rights of the guards.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._check_foreign_code(regclass) IS -- noqa: LT01
'Refuses a relation that could run code of others with the rights of the guards; raises AEP65.';

ALTER FUNCTION aegis_guard._check_foreign_code(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._check_foreign_code(regclass) FROM PUBLIC;
