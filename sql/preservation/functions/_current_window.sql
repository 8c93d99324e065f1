-- The open change window of this transaction, or null.

CREATE OR REPLACE FUNCTION aegis_guard._current_window()
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT max(t.ticket_id)
          FROM aegis_guard.tickets AS t
         WHERE t.transaction_id = pg_current_xact_id_if_assigned()
           AND t.issued_at = transaction_timestamp()
           AND t.issued_by = SESSION_USER
           AND t.operation = 'ALTER'
           AND t.table_name = '*'
           AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = t.ticket_id)
    );
END;
$function$;

COMMENT ON FUNCTION aegis_guard._current_window() IS
'Ticket of the change window that this transaction has open; null without one.';

ALTER FUNCTION aegis_guard._current_window() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._current_window() FROM PUBLIC;
