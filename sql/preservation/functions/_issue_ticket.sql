-- Permits one DELETE statement on a protected table, in this transaction, up to p_row_limit rows.
-- Called by AEGIS' own SECURITY DEFINER routines; granted to nobody.
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
       AND EXISTS (
               SELECT
                 FROM pg_class AS r
                 JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
                 JOIN aegis.protected_tables AS p ON p.schema_name = rn.nspname AND p.table_name = r.relname
                WHERE r.oid = coalesce(pg_partition_root(p_relation), p_relation)
           );

    IF NOT FOUND OR p_operation IS DISTINCT FROM 'DELETE' OR coalesce(p_row_limit, 0) < 1
        OR coalesce(btrim(p_reason), '') = ''
    THEN
        RAISE EXCEPTION 'no ticket for % on %', p_operation, p_relation
            USING ERRCODE = 'AEP06',
                  DETAIL = 'A ticket permits DELETE on a protected table, for one row or more, with a reason.';
    END IF;

    INSERT INTO aegis_guard.tickets (schema_name, table_name, operation, row_limit, reason)
    VALUES (v_schema, v_table, p_operation, p_row_limit, p_reason)
    RETURNING ticket_id INTO v_ticket;

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) IS -- noqa: LT01
'Permits one DELETE statement of this transaction; returns the ticket''s number; raises AEP06.';

ALTER FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard._issue_ticket(regclass, text, bigint, text) FROM PUBLIC;
