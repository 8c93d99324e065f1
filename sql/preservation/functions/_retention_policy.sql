-- The retention policy that a partitioned table follows: its own, or that of the base whose
-- history it keeps. No row when there is none.

CREATE OR REPLACE FUNCTION aegis_guard._retention_policy(p_root regclass)
RETURNS SETOF aegis.retention_policies
LANGUAGE sql
STABLE
STRICT
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT y.*
      FROM aegis_guard._origin(p_root) AS o
      JOIN aegis.retention_policies AS y ON o.schema_name = 'aegis' AND y.table_name = o.table_name
      JOIN pg_class AS c ON c.oid = p_root
     ORDER BY y.table_name = c.relname DESC
     LIMIT 1
$function$;

COMMENT ON FUNCTION aegis_guard._retention_policy(regclass) IS -- noqa: LT01
'Retention policy of a table or, of a history table, that of its base; no row without one.';

ALTER FUNCTION aegis_guard._retention_policy(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._retention_policy(regclass) FROM PUBLIC;
