-- soft_delete: take rows out of use without taking them away.
--
-- Call     SELECT * FROM aegis.soft_delete('aegis.stock_prices',
--              '{"stock_code": "005930", "trade_date": "2026-01-02"}', 'typed into the wrong day');
--          or an array of such keys, up to aegis.soft_delete_rows_maximum
-- Role     aegis_operator; for a table of somebody else one that may UPDATE it besides
-- Locks    the rows, in the order of their keys, until the caller's transaction ends
-- Raises   AEP35  it is not a table
--          AEP36  it is a partition
--          AEP37  it has no primary key
--          AEP38  it lacks the columns of soft delete
--          AEP39  a key is no object
--          AEP40  a key names an unknown column
--          AEP41  a key lacks a column
--          AEP42  a column of a key is null
--          AEP43  there are no keys, or too many
--          AEP44  the reason is blank
--          AEP45  something on the table changed or hid rows
-- Repeat   idempotent: the second call answers already_deleted and changes nothing
--
-- One verdict for each key, in their order: deleted, already_deleted, not_found, or duplicate for a
-- key that came before in the same call. All or nothing. The former version of each row is in the
-- history, the act is in the ledger.

CREATE OR REPLACE FUNCTION aegis.soft_delete(
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
    SELECT * FROM aegis.change_activity(p_table, p_key, p_reason, FALSE)
$function$;

COMMENT ON FUNCTION aegis.soft_delete(regclass, jsonb, text) IS -- noqa: LT01
'Marks rows deleted, by key, and returns a verdict for each key; raises AEP35 to AEP45.';

ALTER FUNCTION aegis.soft_delete(regclass, jsonb, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.soft_delete(regclass, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.soft_delete(regclass, jsonb, text) TO aegis_operator;
