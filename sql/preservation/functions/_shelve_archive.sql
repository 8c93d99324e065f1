-- Makes a detached partition an archive: guarded against UPDATE too, in the registry, readable by
-- whoever may read the table it came from. The row guard that a partition has from its table
-- went with the detachment; it is made anew.

CREATE OR REPLACE FUNCTION aegis_guard._shelve_archive(
    p_archive regclass,
    p_parent regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_grantee record;
BEGIN
    PERFORM aegis_guard.arm_table(p_archive, FALSE, TRUE);

    INSERT INTO aegis.protected_tables (schema_name, table_name, is_append_only, reason)
    SELECT n.nspname, c.relname, TRUE, format('archive of %s', p_parent)
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_archive;

    FOR v_grantee IN
        SELECT DISTINCT a.grantee::regrole AS role
          FROM pg_class AS c
         CROSS JOIN LATERAL aclexplode(c.relacl) AS a
         WHERE c.oid = p_parent
           AND a.privilege_type = 'SELECT'
           AND a.grantee NOT IN (0, c.relowner)
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %s', p_archive, v_grantee.role);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._shelve_archive(regclass, regclass) IS -- noqa: LT01
'Guards and registers a detached partition as an archive, readable by whoever may read its former table.';

ALTER FUNCTION aegis_guard._shelve_archive(regclass, regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._shelve_archive(regclass, regclass) FROM PUBLIC;
