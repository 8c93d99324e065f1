-- _partition_policy: the policy of a table, or the reason why it has none.
--
-- Raises   AEM01  the table is not registered

CREATE OR REPLACE FUNCTION aegis._partition_policy(p_table regclass)
RETURNS aegis.partition_policies
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy aegis.partition_policies;
BEGIN
    SELECT p.*
      INTO v_policy
      FROM aegis.partition_policies AS p
      JOIN pg_class AS c ON c.relname = p.table_name
     WHERE c.oid = p_table
       AND c.relnamespace = 'aegis'::regnamespace
       AND c.relkind = 'p';

    IF NOT FOUND THEN
        RAISE EXCEPTION 'table % has no partition policy', coalesce(p_table::text, 'null')
            USING ERRCODE = 'AEM01',
                  HINT = 'aegis.partition_policies lists the tables that have one; name the table, not a partition.';
    END IF;

    RETURN v_policy;
END;
$function$;

COMMENT ON FUNCTION aegis._partition_policy(regclass) IS -- noqa: LT01
'Partition policy of a table; raises AEM01.';

ALTER FUNCTION aegis._partition_policy(regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._partition_policy(regclass) FROM PUBLIC;
