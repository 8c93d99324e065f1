-- Event trigger function before a table is rewritten: ALTER TYPE ... USING, SET EXPRESSION and SET
-- UNLOGGED would write every row anew, with whatever the expression says. A change window may
-- rewrite a table to fill a column more or to log it, not to give a column other values.
--
-- Raises   AEP19  a protected relation would be rewritten

CREATE OR REPLACE FUNCTION aegis_guard.check_rewrite()
RETURNS event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_relation regclass := pg_event_trigger_table_rewrite_oid();
BEGIN
    IF (aegis_guard._current_window() IS NULL OR pg_event_trigger_table_rewrite_reason() & 4 <> 0) AND EXISTS (
        SELECT
          FROM pg_trigger AS t
          JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.proname = 'refuse_removal'
         WHERE t.tgrelid = v_relation AND p.pronamespace = 'aegis_guard'::regnamespace
    ) THEN
        PERFORM aegis_guard.record_attempt(v_relation, 'REWRITE', 'AEP19');
        RAISE EXCEPTION 'rewriting % is refused', v_relation
            USING ERRCODE = 'AEP19',
                  DETAIL = 'Each of its rows would be written anew, with another value or without its log.',
                  HINT = 'Add a column and fill it.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.check_rewrite() IS
'Refuses to rewrite a protected relation; raises AEP19.';

ALTER FUNCTION aegis_guard.check_rewrite() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.check_rewrite() FROM PUBLIC;
