-- Trigger function after UPDATE of a table of somebody else that aegis.add_soft_delete has prepared:
-- writes into the ledger how many rows the statement soft-deleted and restored, whoever gave it and
-- by whichever way. What is counted is what happened; nothing the caller says is believed.
--
-- Reads two columns and compares them with null. Were they of a type of the user's own, a cast could
-- run his code with the rights of aegis_owner: so the types are looked at first.
--
-- Raises   AEP38  the columns are no longer those of soft delete

CREATE OR REPLACE FUNCTION aegis.record_soft_delete()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_act record;
BEGIN
    IF (SELECT count(*)
          FROM pg_attribute AS a
         WHERE a.attrelid = TG_RELID
           AND (a.attname, a.atttypid) IN (('deleted_at', 'timestamptz'::regtype), ('delete_reason', 'text'::regtype))) < 2
    THEN
        RAISE EXCEPTION 'soft deletes of % cannot be recorded', TG_RELID::regclass
            USING ERRCODE = 'AEP38', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  DETAIL = 'deleted_at is not of type timestamptz, or delete_reason not of type text.',
                  HINT = format('Give them these types again: CALL aegis.add_soft_delete(%L).', TG_RELID::regclass::text);
    END IF;

    -- Both tables hold the rows of the statement in the order in which it changed them.
    FOR v_act IN
        SELECT n.deleted_at IS NULL AS is_restored, count(*) AS rows, min(n.delete_reason) AS reason,
               count(DISTINCT n.delete_reason) AS reasons
          FROM (SELECT row_number() OVER () AS place, r.deleted_at FROM old_rows AS r) AS o
          JOIN (SELECT row_number() OVER () AS place, r.deleted_at, r.delete_reason FROM new_rows AS r) AS n USING (place)
         WHERE (o.deleted_at IS NULL) <> (n.deleted_at IS NULL)
         GROUP BY 1
         ORDER BY 1
    LOOP
        PERFORM aegis_guard._record_act(
            p_kind => CASE WHEN v_act.is_restored THEN 'restore' ELSE 'soft_delete' END,
            p_subject => format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            p_row_count => v_act.rows,
            p_detail => jsonb_build_object('reason', v_act.reason, 'reasons', v_act.reasons)
        );
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis.record_soft_delete() IS
'Writes into the ledger how many rows an UPDATE soft-deleted and restored; raises AEP38.';

ALTER FUNCTION aegis.record_soft_delete() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.record_soft_delete() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.record_soft_delete() TO aegis_operator;
