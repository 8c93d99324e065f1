-- Trigger function after UPDATE: keeps the rows as they were in the history table that
-- aegis.protected_tables names. The registry decides, not the trigger, so that a trigger on
-- some other table cannot forge history. Columns are matched by name; a history table may have
-- fewer, and has superseded_at and superseded_by besides.
--
-- Raises   AEP07  the history table is gone

CREATE OR REPLACE FUNCTION aegis_guard.capture_history()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
    v_history regclass;
    v_columns text;
BEGIN
    IF NOT EXISTS (SELECT FROM old_rows) THEN
        RETURN NULL;                                            -- an upsert that only inserted
    END IF;

    SELECT h.oid
      INTO v_history
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN aegis.protected_tables AS p ON p.schema_name = n.nspname AND p.table_name = c.relname
      JOIN pg_namespace AS hn ON hn.nspname = p.history_schema_name
      JOIN pg_class AS h ON h.relnamespace = hn.oid AND h.relname = p.history_table_name
     WHERE c.oid = coalesce(pg_partition_root(TG_RELID), TG_RELID);

    IF NOT FOUND THEN
        RAISE EXCEPTION 'the history of % has nowhere to go', TG_RELID::regclass
            USING ERRCODE = 'AEP07', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  DETAIL = 'The history table that aegis.protected_tables names does not exist.',
                  HINT = 'Restore it; until then the table cannot be updated.';
    END IF;

    SELECT string_agg(quote_ident(h.attname), ', ' ORDER BY h.attnum)
      INTO v_columns
      FROM pg_attribute AS h
      JOIN pg_attribute AS b
        ON b.attrelid = TG_RELID
       AND b.attname = h.attname
       AND NOT b.attisdropped
       AND b.attgenerated <> 'v'                               -- from 18 on; null in old_rows
     WHERE h.attrelid = v_history
       AND h.attnum > 0
       AND NOT h.attisdropped
       AND h.attgenerated = '';

    EXECUTE format('INSERT INTO %s (%s, superseded_at, superseded_by) SELECT %s, $1, $2 FROM old_rows',
                   v_history, v_columns, v_columns)
      USING clock_timestamp(), SESSION_USER::text;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.capture_history() IS
'Keeps every row that an UPDATE supersedes in the history table of the registry; raises AEP07.';

-- It writes, and what it writes to may have triggers: with the rights of the data, not of the guards.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard.capture_history() OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard.capture_history() FROM PUBLIC;
