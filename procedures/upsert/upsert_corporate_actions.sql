-- upsert_corporate_actions: take in a batch of corporate actions, latest wins.
--
-- Call     SELECT * FROM aegis.upsert_corporate_actions(
--              ARRAY[ROW('005930', '2018-05-04', 'split', 50, 0.02, '2018-01-31', NULL, now(), NULL)]::aegis.corporate_action_input[],
--              p_source => 'krx', p_batch_id => gen_random_uuid());
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_corporate_actions(
    p_rows aegis.corporate_action_input [],
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
    SELECT aegis.upsert_rows('corporate_actions', p_rows, p_source, p_batch_id, p_revive, p_verdicts)
$function$;

COMMENT ON FUNCTION aegis.upsert_corporate_actions(aegis.corporate_action_input [], text, uuid, boolean, text) IS -- noqa: LT01
'Takes in corporate actions as one batch and returns them by verdict; raises AEU01 to AEU04 or AEU07.';

ALTER FUNCTION aegis.upsert_corporate_actions(aegis.corporate_action_input [], text, uuid, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_corporate_actions(aegis.corporate_action_input [], text, uuid, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_corporate_actions(aegis.corporate_action_input [], text, uuid, boolean, text) TO aegis_ingest, aegis_app;
