-- _create_partition: a table like the partitioned one, to become a partition of it once it is filled.
-- Without p_is_keyed it has no index yet.

CREATE OR REPLACE FUNCTION aegis._create_partition(
    p_table regclass,
    p_name text,
    p_from date,
    p_before date,
    p_is_keyed boolean
)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy aegis.partition_policies := aegis._partition_policy(p_table);
BEGIN
    IF to_regclass(format('aegis.%I', p_name)) IS NOT NULL THEN
        RAISE EXCEPTION 'table % exists and is no partition of %', p_name, p_table
            USING ERRCODE = 'AEM06', SCHEMA = 'aegis', TABLE = p_name,
                  HINT = 'Attach it if it holds the rows of that time, or rename it.';
    END IF;

    EXECUTE format('CREATE TABLE aegis.%I (LIKE %s INCLUDING ALL %s) WITH (%s)',
                   p_name, p_table, CASE WHEN p_is_keyed THEN '' ELSE 'EXCLUDING INDEXES' END,
                   array_to_string(v_policy.open_parameters, ', '));
    EXECUTE format('COMMENT ON TABLE aegis.%I IS %L', p_name,
                   format('Rows of aegis.%s from %s until before %s (KST).', v_policy.table_name, p_from, p_before));
    RETURN format('aegis.%I', p_name)::regclass;
END;
$function$;

COMMENT ON FUNCTION aegis._create_partition(regclass, text, date, date, boolean) IS -- noqa: LT01
'Makes a table to be attached as a partition, without indexes unless p_is_keyed; raises AEM01 or AEM06.';

ALTER FUNCTION aegis._create_partition(regclass, text, date, date, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._create_partition(regclass, text, date, date, boolean) FROM PUBLIC;
