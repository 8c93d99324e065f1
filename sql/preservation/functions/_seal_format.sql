-- The seal format in force for the rows of a relation: a sealed table (of a partition, its root), the
-- history of one, or an archived partition of either. All null where nothing is sealed.

CREATE OR REPLACE FUNCTION aegis_guard._seal_format(p_relation regclass)
RETURNS aegis.seal_formats
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_format aegis.seal_formats;
BEGIN
    -- In PL/pgSQL for the plan that it keeps: every statement asks.
    SELECT f.*
      INTO v_format
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.seal_formats AS f
        ON f.schema_name = n.nspname AND f.table_name = c.relname
        OR n.nspname = 'aegis_archive' AND c.relname ~ ('^' || f.table_name || '(_history)?_(p[0-9_]+|default)')
        OR EXISTS (
               SELECT
                 FROM aegis.protected_tables AS p
                WHERE (p.schema_name, p.table_name) = (f.schema_name, f.table_name)
                  AND (p.history_schema_name, p.history_table_name) = (n.nspname, c.relname)
           )
     WHERE c.oid = coalesce(pg_partition_root(p_relation), p_relation)
     ORDER BY f.format_version DESC
     LIMIT 1;
    RETURN v_format;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._seal_format(regclass) IS
'Seal format in force for a sealed table, its history or an archive of either; null without one.';

ALTER FUNCTION aegis_guard._seal_format(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._seal_format(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard._seal_format(regclass) TO aegis_owner;
