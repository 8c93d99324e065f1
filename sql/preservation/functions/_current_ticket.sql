-- The unused ticket of this transaction that opens a relation, or null. The transaction is
-- told by number and start: after a restore into a new cluster numbers come again. PL/pgSQL,
-- because it keeps its plan: the row guard asks for every row.

CREATE OR REPLACE FUNCTION aegis_guard._current_ticket(
    p_relation regclass,
    p_operation text
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT min(t.ticket_id)
          FROM aegis_guard.tickets AS t
         WHERE t.transaction_id = pg_current_xact_id_if_assigned()
           AND t.issued_at = transaction_timestamp()
           AND t.issued_by = SESSION_USER
           AND t.operation = p_operation
           AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = t.ticket_id)
           AND (t.schema_name, t.table_name) IN (
                   SELECT n.nspname, c.relname
                     FROM pg_class AS c
                     JOIN pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE c.oid = p_relation
                       OR c.oid IN (SELECT a.relid FROM pg_partition_ancestors(p_relation) AS a)
               )
    );
END;
$function$;

COMMENT ON FUNCTION aegis_guard._current_ticket(regclass, text) IS -- noqa: LT01
'Unused ticket of this transaction for the relation or one of its ancestors; null without one.';

ALTER FUNCTION aegis_guard._current_ticket(regclass, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._current_ticket(regclass, text) FROM PUBLIC;
