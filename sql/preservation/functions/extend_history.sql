-- Gives the history of a table each column that the table has just got: what its baseline lacks. Otherwise superseded
-- values of that column would be lost, unseen. A column that a history has left out from the start stays out, and so do
-- generated ones. Called after DDL, before the baseline takes the new columns in.
--
-- Locks    ACCESS EXCLUSIVE on the history that gets a column

CREATE OR REPLACE FUNCTION aegis_guard.extend_history(p_relations oid [])
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_added record;
BEGIN
    FOR v_added IN
        WITH touched AS MATERIALIZED (
            SELECT c.oid, p.history_schema_name, p.history_table_name, aegis_guard._sealed_state(n.nspname, c.relname) AS sealed
              FROM pg_class AS c
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
              JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = c.relname
             WHERE c.oid = ANY (p_relations) AND p.history_table_name IS NOT NULL
        )
        SELECT h.oid::regclass AS history, format_type(a.atttypid, a.atttypmod) AS type, a.attname AS name,
               CASE WHEN a.attcollation NOT IN (0, y.typcollation) THEN format(' COLLATE %s', a.attcollation::regcollation) END AS collation
          FROM touched AS t
          JOIN pg_namespace AS n ON n.nspname = t.history_schema_name
          JOIN pg_class AS h ON h.relnamespace = n.oid AND h.relname = t.history_table_name
          JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
          JOIN pg_type AS y ON y.oid = a.atttypid
         WHERE t.sealed IS NOT NULL
           AND NOT t.sealed ? ('column ' || a.attname)
           AND NOT EXISTS (SELECT FROM pg_attribute AS o WHERE o.attrelid = h.oid AND o.attname = a.attname AND NOT o.attisdropped)
         ORDER BY h.oid, a.attnum
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s%s', v_added.history, v_added.name, v_added.type, v_added.collation);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.extend_history(oid []) IS 'Adds to the histories of tables the columns that the tables have just got.';

ALTER FUNCTION aegis_guard.extend_history(oid []) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.extend_history(oid []) FROM PUBLIC;
