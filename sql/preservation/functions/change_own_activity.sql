-- change_own_activity: aegis.change_activity with the rights of aegis_owner, for tables that
-- belong to aegis_owner and for no others: triggers, rules and policies of any other table would
-- run with those rights too.
--
-- Raises   AEP38  the table does not belong to aegis_owner
--          AEP35 to AEP45 of aegis.change_activity

CREATE OR REPLACE FUNCTION aegis.change_own_activity(
    p_table regclass,
    p_keys jsonb,
    p_reason text,
    p_is_active boolean
)
RETURNS TABLE (
    key_number bigint,
    row_key jsonb,
    verdict text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT
          FROM pg_class AS c
         WHERE (c.oid = p_table OR c.oid IN (SELECT t.relid FROM pg_partition_tree(p_table) AS t))
           AND c.relowner <> 'aegis_owner'::regrole
    ) THEN
        RAISE EXCEPTION '% does not belong to aegis_owner', p_table
            USING ERRCODE = 'AEP38',
                  DETAIL = 'Whatever stands on the table would run with the rights of aegis_owner.',
                  HINT = 'Call aegis.soft_delete or aegis.restore_deleted.';
    END IF;

    RETURN QUERY SELECT * FROM aegis.change_activity(p_table, p_keys, p_reason, p_is_active);
END;
$function$;

COMMENT ON FUNCTION aegis.change_own_activity(regclass, jsonb, text, boolean) IS -- noqa: LT01
'Soft-deletes or restores rows of a table of aegis_owner with its rights; raises AEP35 to AEP45.';

ALTER FUNCTION aegis.change_own_activity(regclass, jsonb, text, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.change_own_activity(regclass, jsonb, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.change_own_activity(regclass, jsonb, text, boolean) TO aegis_operator;
