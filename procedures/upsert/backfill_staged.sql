-- backfill_staged: apply the batch in the session's stage to a time that has no partition yet.
--
-- Call     SELECT * FROM aegis.backfill_staged('daily_market_data', 'krx', gen_random_uuid(), p_raw => true);
-- Role     aegis_ingest, aegis_operator
-- Locks    ensure_partitions of the table waits; the default partition ACCESS EXCLUSIVE while a month is attached
-- Raises   AEU01 to AEU07, AEU03 beyond aegis.backfill_rows_maximum; AEU13 a partition for some row exists,
--          or the table is not partitioned
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes
--
-- Rules, verdicts, dead letters, guards, seals and findings are those of aegis.upsert_staged. Each
-- month is filled beside the table, keyed in one go and attached.

CREATE OR REPLACE FUNCTION aegis.backfill_staged(
    p_target text,
    p_source text,
    p_batch_id uuid,
    p_raw boolean DEFAULT FALSE
)
RETURNS aegis.batch_result
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis._apply_batch(p_target, p_source, p_batch_id, p_raw, p_is_backfill => TRUE)
$function$;

COMMENT ON FUNCTION aegis.backfill_staged(text, text, uuid, boolean) IS -- noqa: LT01
'Applies the rows in the session''s stage as new partitions and returns them by verdict; raises AEU01 to AEU07, AEU13.';

ALTER FUNCTION aegis.backfill_staged(text, text, uuid, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.backfill_staged(text, text, uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.backfill_staged(text, text, uuid, boolean) TO aegis_operator, aegis_ingest;
