-- upsert_stocks: take in a batch of company master rows, latest wins.
--
-- Call     SELECT * FROM aegis.upsert_stocks(
--              ARRAY[ROW('005930', '삼성전자', 'KOSPI', NULL, 'KR7005930003', NULL, '1975-06-11', NULL, now(), NULL)]::aegis.stock_input[],
--              p_source => 'krx', p_batch_id => gen_random_uuid());
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
--          AEU07  p_verdicts is neither exceptions nor all
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_stocks(
    p_rows aegis.stock_input [],
    p_source text,
    p_batch_id uuid,
    p_revive boolean DEFAULT FALSE,
    p_verdicts text DEFAULT 'exceptions'
)
RETURNS aegis.batch_result
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis.upsert_rows('stocks', p_rows, p_source, p_batch_id, p_revive, p_verdicts)
$function$;

COMMENT ON FUNCTION aegis.upsert_stocks(aegis.stock_input [], text, uuid, boolean, text) IS -- noqa: LT01
'Takes in company master rows as one batch and returns them by verdict; raises AEU01 to AEU04 or AEU07.';

ALTER FUNCTION aegis.upsert_stocks(aegis.stock_input [], text, uuid, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_stocks(aegis.stock_input [], text, uuid, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_stocks(aegis.stock_input [], text, uuid, boolean, text) TO aegis_ingest, aegis_app;
