-- Whether a table can keep the history of another. History is written with the rights of
-- aegis_owner, so neither table may be able to run somebody else's code.
--
-- Raises   AEP08  it cannot

CREATE OR REPLACE FUNCTION aegis_guard.check_history(
    p_table regclass,
    p_history regclass
)
RETURNS void
LANGUAGE plpgsql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_detail text := CASE
        WHEN EXISTS (
            SELECT
              FROM pg_class AS c
             WHERE c.oid IN (p_table, p_history)
               AND (c.relowner <> 'aegis_owner'::regrole OR c.relkind NOT IN ('r', 'p'))
        ) THEN 'Both must be tables that belong to aegis_owner.'
        WHEN NOT EXISTS (
            SELECT
              FROM pg_attribute AS s
              JOIN pg_attribute AS u ON u.attrelid = s.attrelid AND u.attname = 'superseded_by'
              JOIN pg_attribute AS h ON h.attrelid = s.attrelid AND h.attnum > 0 AND h.attgenerated = ''
              JOIN pg_attribute AS b ON b.attrelid = p_table AND b.attname = h.attname
             WHERE s.attrelid = p_history
               AND s.attname = 'superseded_at'
        ) THEN 'It lacks superseded_at or superseded_by, or shares no column with the table.'
        WHEN EXISTS (
            SELECT
              FROM aegis.protected_tables AS p
              JOIN pg_class AS c ON c.oid = p_table AND c.relname = p.table_name
              JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = p.schema_name
              JOIN pg_class AS h ON h.oid = p_history
              JOIN pg_namespace AS hn ON hn.oid = h.relnamespace
             WHERE (p.history_schema_name, p.history_table_name) <> (hn.nspname, h.relname)
        ) THEN 'Another table keeps it already.'
    END;
BEGIN
    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION '% cannot keep the history of %', p_history, p_table
            USING ERRCODE = 'AEP08',
                  DETAIL = v_detail,
                  HINT = 'Protect the table without p_history, or pass a table that fits.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.check_history(regclass, regclass) IS -- noqa: LT01
'Raises AEP08 where the second table cannot keep the history of the first.';

ALTER FUNCTION aegis_guard.check_history(regclass, regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.check_history(regclass, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.check_history(regclass, regclass) TO aegis_owner, aegis_operator;
