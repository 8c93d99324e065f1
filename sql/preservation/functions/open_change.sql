-- Opens a change window: for the rest of this transaction, DDL on protected tables and on AEGIS'
-- code is not compared statement by statement but as a whole, when the transaction commits
-- (aegis_guard.close_change). Migrations open one; so may a superuser or a member of aegis_guard.
-- It is a ticket, bound to the transaction and the login role; no setting opens anything.
--
-- Raises   AEP06  the reason is blank

CREATE OR REPLACE FUNCTION aegis_guard.open_change(p_reason text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ticket bigint := aegis_guard._current_window();
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a change window needs a reason'
            USING ERRCODE = 'AEP06',
                  HINT = 'Say what will be changed, and why.';
    END IF;

    IF v_ticket IS NULL THEN
        INSERT INTO aegis_guard.tickets (schema_name, table_name, operation, row_limit, reason)
        VALUES ('', '*', 'ALTER', 0, p_reason)
        RETURNING ticket_id INTO v_ticket;
    END IF;

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.open_change(text) IS
'Opens a change window until the end of this transaction; returns its ticket; raises AEP06.';

ALTER FUNCTION aegis_guard.open_change(text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.open_change(text) FROM PUBLIC;
