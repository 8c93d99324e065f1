-- Looks for relations that have a baseline and are not where it says. Those that a ticket of this
-- transaction lets go are settled; any other is refused.
--
-- Raises   AEP21  a protected relation was renamed, moved or detached

CREATE OR REPLACE FUNCTION aegis_guard.settle_departures()
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gone record;
BEGIN
    FOR v_gone IN
        SELECT b.schema_name, b.table_name, b.root_name, k.ticket_id, k.row_limit, k.operation
          FROM (
            SELECT DISTINCT ON (l.schema_name, l.table_name) l.schema_name, l.table_name, l.root_name, l.fingerprint
              FROM aegis_guard.baselines AS l
             WHERE l.schema_name <> ''
             ORDER BY l.schema_name, l.table_name, l.baseline_id DESC
          ) AS b
          LEFT JOIN aegis_guard.tickets AS k
            ON k.transaction_id = pg_current_xact_id_if_assigned()
           AND k.issued_at = transaction_timestamp()
           AND k.issued_by = SESSION_USER
           AND k.operation IN ('ARCHIVE', 'DROP')
           AND k.schema_name = b.schema_name
           AND k.table_name = b.table_name
           AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = k.ticket_id)
         WHERE b.fingerprint IS NOT NULL
           AND NOT EXISTS (
                   SELECT
                     FROM pg_class AS c
                     JOIN pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = b.schema_name AND c.relname = b.table_name AND c.relkind IN ('r', 'p')
               )
         ORDER BY k.ticket_id IS NULL DESC
    LOOP
        IF v_gone.ticket_id IS NULL THEN
            PERFORM aegis_guard.record_attempt(NULL, 'MOVE', 'AEP21');
            RAISE EXCEPTION '%.% would not be where it belongs', quote_ident(v_gone.schema_name), quote_ident(v_gone.table_name)
                USING ERRCODE = 'AEP21', SCHEMA = v_gone.schema_name, TABLE = v_gone.table_name,
                      DETAIL = 'Protected tables and partitions are not renamed, moved, detached or dropped.',
                      HINT = 'Retention moves partitions; a table changes in a change window: aegis_guard.open_change.';
        END IF;

        PERFORM aegis_guard._seal_state(
            v_gone.schema_name, v_gone.table_name, v_gone.root_name, NULL, ARRAY['relation: there -> gone'],
            format('%s, ticket %s', v_gone.operation, v_gone.ticket_id)
        );
        INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (v_gone.ticket_id, v_gone.row_limit);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.settle_departures() IS
'Refuses that protected relations go without a ticket, and settles those that go with one; raises AEP21.';

ALTER FUNCTION aegis_guard.settle_departures() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.settle_departures() FROM PUBLIC;
