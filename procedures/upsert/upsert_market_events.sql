-- upsert_market_events: take in a batch of listings, liquidations and halts, latest wins.
--
-- Call     SELECT * FROM aegis.upsert_market_events(
--              ARRAY[ROW('005930', 'listing', '1975-06-11', NULL, 'KOSPI', true, NULL, NULL, NULL, now(), NULL)]::aegis.market_event_input[],
--              p_source => 'krx', p_batch_id => gen_random_uuid());
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_market_events(
    p_rows aegis.market_event_input [],
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
    SELECT aegis.upsert_rows('market_events', p_rows, p_source, p_batch_id, p_revive, p_verdicts)
$function$;

COMMENT ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid, boolean, text) IS -- noqa: LT01
'Takes in listings, liquidations and halts as one batch and returns them by verdict; raises AEU01 to AEU04 or AEU07.';

ALTER FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid, boolean, text) TO aegis_ingest, aegis_app;
