-- What would run somebody else's code, or hide rows, if a guard touched a relation or a partition
-- below it: triggers and rules that are not AEGIS' own, row security. A routine of aegis_guard that
-- writes to a table must ask this first, or it lends its rights to whoever wrote that code.

CREATE OR REPLACE FUNCTION aegis_guard.foreign_code(p_relation regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH RECURSIVE tree (relid) AS (
        SELECT p_relation::oid
         UNION
        SELECT i.inhrelid FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.relid
    )
    SELECT format('trigger %I on %s', g.tgname, g.tgrelid::regclass)
      FROM tree AS r
      JOIN pg_trigger AS g ON g.tgrelid = r.relid AND NOT g.tgisinternal
      JOIN pg_proc AS p ON p.oid = g.tgfoid
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname <> 'aegis_guard'
     UNION ALL
    SELECT format('rule %I on %s', w.rulename, w.ev_class::regclass)
      FROM tree AS r
      JOIN pg_rewrite AS w ON w.ev_class = r.relid
     UNION ALL
    SELECT format('row security on %s', c.oid::regclass)
      FROM tree AS r
      JOIN pg_class AS c ON c.oid = r.relid AND c.relrowsecurity
$function$;

COMMENT ON FUNCTION aegis_guard.foreign_code(regclass) IS -- noqa: LT01
'Triggers, rules and row security that are not AEGIS'' own, on a relation and below.';

ALTER FUNCTION aegis_guard.foreign_code(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.foreign_code(regclass) FROM PUBLIC;
