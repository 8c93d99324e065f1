-- Trigger function after each DELETE statement that a ticket let through: counts what went,
-- refuses more than the ticket permits and uses the ticket up.
--
-- Raises   AEP05  more rows than the ticket permits, or the ticket is used already

CREATE OR REPLACE FUNCTION aegis_guard.settle_ticket()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ticket bigint := aegis_guard._current_ticket(TG_RELID, 'DELETE');
    v_removed bigint := (SELECT count(*) FROM removed_rows);
    v_limit bigint := (SELECT t.row_limit FROM aegis_guard.tickets AS t WHERE t.ticket_id = v_ticket);
BEGIN
    IF v_limit IS NULL OR v_removed > v_limit THEN
        PERFORM aegis_guard.record_attempt(TG_RELID, 'DELETE', 'AEP05');
        RAISE EXCEPTION 'delete of % rows of % is refused', v_removed, TG_RELID::regclass
            USING ERRCODE = 'AEP05', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  DETAIL = coalesce(format('Ticket %s permits %s.', v_ticket, v_limit),
                                    'The ticket was used by another statement.'),
                  HINT = 'A ticket permits one statement; count the rows before asking for it.';
    END IF;

    INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (v_ticket, v_removed);
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.settle_ticket() IS
'Counts the rows a DELETE removed under a ticket and uses the ticket up; raises AEP05.';

ALTER FUNCTION aegis_guard.settle_ticket() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.settle_ticket() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.settle_ticket() TO aegis_owner, aegis_operator;
