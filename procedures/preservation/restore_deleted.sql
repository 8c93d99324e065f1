-- restore_deleted: bring soft-deleted rows back into use.
--
-- Call     SELECT * FROM aegis.restore_deleted('aegis.stock_prices',
--              '{"stock_code": "005930", "trade_date": "2026-01-02"}', 'it was right after all');
--          or an array of such keys, up to aegis.soft_delete_rows_maximum
-- Role     aegis_operator; for a table of somebody else one that may UPDATE it besides
-- Locks    the rows, in the order of their keys, until the caller's transaction ends
-- Raises   AEP35 to AEP45, as aegis.soft_delete
-- Repeat   idempotent: the second call answers already_active and changes nothing
--
-- One verdict for each key, in their order: restored, already_active, not_found, or duplicate for a
-- key that came before in the same call. All or nothing. Who had deleted the row, when and why is in
-- its history; who restored it and why is in the ledger.

CREATE OR REPLACE FUNCTION aegis.restore_deleted(
    p_table regclass,
    p_key jsonb,
    p_reason text
)
RETURNS TABLE (
    key_number bigint,
    row_key jsonb,
    verdict text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT * FROM aegis.change_activity(p_table, p_key, p_reason, TRUE)
$function$;

COMMENT ON FUNCTION aegis.restore_deleted(regclass, jsonb, text) IS -- noqa: LT01
'Marks soft-deleted rows active again, by key, and returns a verdict for each key; raises AEP35 to AEP45.';

ALTER FUNCTION aegis.restore_deleted(regclass, jsonb, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.restore_deleted(regclass, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.restore_deleted(regclass, jsonb, text) TO aegis_operator;
