-- The names under which registries know a relation: of a partition its root, of an archived
-- partition the table it came from, of a history table its base besides.

CREATE OR REPLACE FUNCTION aegis_guard._origin(p_relation regclass)
RETURNS TABLE (schema_name text, table_name text)
LANGUAGE sql
STABLE
STRICT
ROWS 2
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH self AS (
        SELECT coalesce(a.schema_name, n.nspname) AS schema_name, coalesce(a.table_name, c.relname) AS table_name
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          LEFT JOIN aegis.archived_partitions AS a ON n.nspname = 'aegis_archive' AND a.archive_name = c.relname
         WHERE c.oid = coalesce(pg_partition_root(p_relation), p_relation)
    )
    SELECT s.schema_name, s.table_name
      FROM self AS s
     UNION
    SELECT p.schema_name, p.table_name
      FROM self AS s
      JOIN aegis.protected_tables AS p
        ON p.history_schema_name = s.schema_name
       AND p.history_table_name = s.table_name
$function$;

COMMENT ON FUNCTION aegis_guard._origin(regclass) IS -- noqa: LT01
'Names under which policies, holds and personal columns know a relation: its root or origin, and the base of a history.';

ALTER FUNCTION aegis_guard._origin(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._origin(regclass) FROM PUBLIC;
