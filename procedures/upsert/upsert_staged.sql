-- upsert_staged: apply the batch that was copied into the session's stage.
--
-- Call     SELECT * FROM aegis.upsert_staged('stock_prices', 'krx_snapshot', gen_random_uuid(), p_raw => true);
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
--          AEU05  the table takes no batches         AEU06  the stage was not made by aegis.open_stage
--          AEU07  p_verdicts is neither exceptions nor all
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_staged(
    p_target text,
    p_source text,
    p_batch_id uuid,
    p_raw boolean DEFAULT FALSE,
    p_revive boolean DEFAULT FALSE,
    p_verdicts text DEFAULT 'exceptions'
)
RETURNS aegis.batch_result
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis._apply_batch(p_target, p_source, p_batch_id, p_raw, p_revive, p_verdicts)
$function$;

COMMENT ON FUNCTION aegis.upsert_staged(text, text, uuid, boolean, boolean, text) IS -- noqa: LT01
'Applies the rows in the session''s stage as one batch and returns them by verdict; raises AEU01 to AEU07.';

ALTER FUNCTION aegis.upsert_staged(text, text, uuid, boolean, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_staged(text, text, uuid, boolean, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_staged(text, text, uuid, boolean, boolean, text) TO aegis_ingest, aegis_app;
