-- Opens a change window: for the rest of this transaction, DDL on protected tables and on AEGIS'
-- code is not compared statement by statement but as a whole, when the transaction commits
-- (aegis_guard.close_change); guards, columns and names stay throughout. Migrations open one; so may a
-- superuser or a member of aegis_guard. It is a ticket, bound to the transaction and the login role;
-- no setting opens anything. With the number of an approved request (aegis.request_change,
-- aegis.approve_change), which it uses up, it may leave protection weaker in the aspects approved.
--
-- Raises   AEP06  the reason is blank
--          AEP27  the request is not approved, its time is over, it was used already or is for a reseal
--          AEP53  the clock is behind the ledger

CREATE OR REPLACE FUNCTION aegis_guard.open_change(
    p_reason text,
    p_request_id bigint DEFAULT NULL
)
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

    IF p_request_id IS NOT NULL THEN
        PERFORM aegis_guard._use_request(p_request_id, v_ticket);
    END IF;

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.open_change(text, bigint) IS -- noqa: LT01
'Opens a change window until the end of this transaction; returns its ticket; raises AEP06, AEP27 or AEP53.';

ALTER FUNCTION aegis_guard.open_change(text, bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.open_change(text, bigint) FROM PUBLIC;
