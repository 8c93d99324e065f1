-- history_table: the table that keeps the superseded rows of another, or the reason why there is none.
--
-- Raises   AEP46  the table keeps no history

CREATE OR REPLACE FUNCTION aegis.history_table(p_table regclass)
RETURNS regclass
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_history regclass;
BEGIN
    SELECT h.oid
      INTO v_history
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = c.relname
      JOIN pg_namespace AS hn ON hn.nspname = p.history_schema_name
      JOIN pg_class AS h ON h.relnamespace = hn.oid AND h.relname = p.history_table_name
     WHERE c.oid = p_table;

    IF NOT FOUND THEN
        RAISE EXCEPTION '% keeps no history', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEP46',
                  HINT = 'aegis.protection_status lists the tables that do, with their history tables.';
    END IF;

    RETURN v_history;
END;
$function$;

COMMENT ON FUNCTION aegis.history_table(regclass) IS -- noqa: LT01
'Table that keeps the superseded rows of a table; raises AEP46.';

ALTER FUNCTION aegis.history_table(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.history_table(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.history_table(regclass) TO aegis_reader;
