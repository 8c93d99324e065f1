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
    p_batch_id uuid
)
RETURNS aegis.batch_result
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM aegis.open_stage('market_events');
    EXECUTE 'TRUNCATE pg_temp.stage_market_events';
    -- A stage is made by the session that uses it, so no plan of it can be kept.
    EXECUTE 'INSERT INTO pg_temp.stage_market_events (
                    stock_code, event_kind, starts_on, ends_on, market, is_first_day, offer_price, leverage,
                    note, event_at, sequence_number,
                    line_number)
             SELECT r.* FROM unnest($1) WITH ORDINALITY AS r'
      USING p_rows;
    RETURN aegis._apply_batch('market_events', p_source, p_batch_id, false);
END;
$function$;

COMMENT ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid) IS -- noqa: LT01
'Takes in listings, liquidations and halts as one batch and returns them by verdict; raises AEU01 to AEU04.';

ALTER FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_market_events(aegis.market_event_input [], text, uuid) TO aegis_ingest, aegis_app;
