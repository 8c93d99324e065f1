-- Trigger function of every protected table: refuses DELETE (statement and row), TRUNCATE and,
-- on append-only tables, UPDATE. A ticket of this transaction lets a DELETE or an erasure through;
-- nothing lets a TRUNCATE through. Judges nobody: owner and superuser meet the same answer.
--
-- Raises   AEP01  DELETE
--          AEP02  TRUNCATE
--          AEP03  UPDATE that would change the key of a row, or move it to another partition
--          AEP04  UPDATE of an append-only table

CREATE OR REPLACE FUNCTION aegis_guard.refuse_removal()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_operation text := TG_OP;
    v_sqlstate text;
    v_hint text;
    v_detail text;
BEGIN
    IF TG_OP = 'DELETE' AND aegis_guard._current_ticket(TG_RELID, 'DELETE') IS NOT NULL THEN
        RETURN CASE TG_LEVEL WHEN 'ROW' THEN OLD END;
    ELSIF TG_OP = 'UPDATE' AND TG_LEVEL = 'STATEMENT' AND aegis_guard._current_ticket(TG_RELID, 'ERASE') IS NOT NULL THEN
        RETURN NULL;
    ELSIF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' THEN
        v_operation := 'REKEY';                                 -- the former key would answer with nothing
    END IF;

    -- A DELETE speaks to the statement guard first. The row guard alone is reached by logical
    -- apply, which runs as replica, and by an UPDATE that takes a row out of its partition.
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' AND current_setting('session_replication_role') <> 'replica'
        AND NOT EXISTS (
            SELECT
              FROM pg_partition_ancestors(TG_RELID) AS a
             WHERE NOT EXISTS (
                       SELECT
                         FROM pg_trigger AS t
                        WHERE t.tgrelid = a.relid
                          AND t.tgname = 'aegis_no_delete'
                          AND t.tgenabled = 'A'
                   )
        )
        AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = TG_RELID AND c.relispartition)
    THEN
        v_operation := 'MOVE';
    END IF;

    CASE v_operation
        WHEN 'DELETE' THEN
            v_sqlstate := 'AEP01';
            v_hint := 'Correct a row with UPDATE or a newer version of it; it cannot be taken away.';
        WHEN 'TRUNCATE' THEN
            v_sqlstate := 'AEP02';
            v_hint := 'Create another table for data that may be emptied.';
        WHEN 'MOVE', 'REKEY' THEN
            v_sqlstate := 'AEP03';
            v_hint := 'Key columns are immutable: leave the row and insert another with the right key.';
        ELSE
            v_sqlstate := 'AEP04';
            v_hint := 'The table is append-only: insert a new row.';
    END CASE;

    SELECT format('%s is protected since %s by %s: %s',
                  a.relid::regclass, p.protected_at, p.protected_by, p.reason)
      INTO v_detail
      FROM (SELECT coalesce(pg_partition_root(TG_RELID), TG_RELID) AS relid) AS a
      JOIN pg_class AS c ON c.oid = a.relid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = c.relname;

    PERFORM aegis_guard.record_attempt(TG_RELID, v_operation, v_sqlstate);

    RAISE EXCEPTION '%', CASE v_operation
            WHEN 'MOVE' THEN format('moving a row out of %s is refused', TG_RELID::regclass)
            WHEN 'REKEY' THEN format('changing the key of a row of %s is refused', TG_RELID::regclass)
            ELSE format('%s of %s is refused', lower(v_operation), TG_RELID::regclass)
        END
        USING ERRCODE = v_sqlstate, SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
              DETAIL = coalesce(v_detail, format('Trigger %I guards it.', TG_NAME)),
              HINT = v_hint;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.refuse_removal() IS
'Refuses DELETE, TRUNCATE, changes of keys, moves between partitions and, on append-only tables, UPDATE; raises AEP01 to AEP04.';

ALTER FUNCTION aegis_guard.refuse_removal() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.refuse_removal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.refuse_removal() TO aegis_owner, aegis_operator;
