-- Permits one act on a protected table or partition, in this transaction, of p_row_limit rows at
-- most. Called by AEGIS' own SECURITY DEFINER routines that belong to aegis_guard; granted to nobody.
--
--     DELETE   one statement
--     ARCHIVE  DETACH of one partition and its move to aegis_archive
--     DROP     DROP TABLE of one relation, archived ones included
--     ALTER    changes of one table by a revision
--     ERASE    one UPDATE of an append-only table, used up by the routine that erases
--
-- Raises   AEP06  the request is incomplete, or the table is not protected

CREATE OR REPLACE FUNCTION aegis_guard._issue_ticket(
    p_relation regclass,
    p_operation text,
    p_row_limit bigint,
    p_reason text
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema text;
    v_table text;
    v_ticket bigint;
BEGIN
    SELECT n.nspname, c.relname
      INTO v_schema, v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_relation
       AND (p_operation <> 'ARCHIVE' OR c.relispartition)
       AND (n.nspname = 'aegis_archive' OR EXISTS (
               SELECT
                 FROM pg_class AS r
                 JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
                 JOIN aegis.protected_tables AS p ON p.schema_name = rn.nspname AND p.table_name = r.relname
                WHERE r.oid = coalesce(pg_partition_root(p_relation), p_relation)
           ));

    IF NOT FOUND
        OR coalesce(p_operation, '') NOT IN ('DELETE', 'ARCHIVE', 'DROP', 'ALTER', 'ERASE')
        OR coalesce(p_row_limit, -1) < (CASE p_operation WHEN 'DELETE' THEN 1 ELSE 0 END)
        OR coalesce(btrim(p_reason), '') = ''
    THEN
        RAISE EXCEPTION 'no ticket for % on %', p_operation, p_relation
            USING ERRCODE = 'AEP06',
                  DETAIL = 'A ticket permits DELETE, ARCHIVE, DROP, ALTER or ERASE of a protected table, with a number of rows and a reason.';
    END IF;

    INSERT INTO aegis_guard.tickets (schema_name, table_name, operation, row_limit, reason)
    VALUES (v_schema, v_table, p_operation, p_row_limit, p_reason)
    RETURNING ticket_id INTO v_ticket;

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) IS -- noqa: LT01
'Permits one act of this transaction on one relation; returns the ticket''s number; raises AEP06.';

ALTER FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) FROM PUBLIC;
