-- upsert_messages: take in a batch of JSON messages as they came, byte for byte.
--
-- A message is an object with the columns of the table's input type; other members are ignored. What
-- is no UTF-8, no JSON or no object goes alone to the dead letters, with its bytes.
--
-- Call     SELECT * FROM aegis.upsert_messages('stock_ticks', ARRAY[
--              '{"stock_code": "005930", "traded_at": "2025-01-02T10:00:00+09:00", "price": 53400, "volume": 10}'::bytea
--          ], p_source => 'krx', p_batch_id => gen_random_uuid());
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
--          AEU05  the table takes no batches         AEU07  p_verdicts is neither exceptions nor all
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_messages(
    p_target text,
    p_messages bytea [],
    p_source text,
    p_batch_id uuid,
    p_revive boolean DEFAULT FALSE,
    p_verdicts text DEFAULT 'exceptions'
)
RETURNS aegis.batch_result
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v aegis.target_fragments;
BEGIN
    v := aegis._target_fragments(p_target);
    PERFORM aegis.open_stage(p_target, p_raw => TRUE);
    PERFORM aegis._empty_stage('stage_' || p_target || '_raw');
    EXECUTE format(
        'INSERT INTO pg_temp.%I (line_number, %s, payload, payload_bytes)
         SELECT m.line_number, %s, d.message_text, CASE WHEN d.message_text IS NULL THEN coalesce(m.message, '''') END
           FROM unnest($1) WITH ORDINALITY AS m (message, line_number)
          CROSS JOIN LATERAL aegis._read_document(m.message) AS d',
        'stage_' || p_target || '_raw', v.input_columns,
        (SELECT string_agg(format('d.document ->> %L', a.attname), ', ' ORDER BY a.attnum)
           FROM aegis.ingest_targets AS t
           JOIN pg_type AS y ON y.oid = t.input_type::regtype
           JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE t.target = p_target))
      USING p_messages;
    RETURN aegis._apply_batch(p_target, p_source, p_batch_id, TRUE, p_revive, p_verdicts);
END;
$function$;

COMMENT ON FUNCTION aegis.upsert_messages(text, bytea [], text, uuid, boolean, text) IS -- noqa: LT01
'Takes in JSON messages, byte for byte, as one batch and returns them by verdict; raises AEU01 to AEU05 or AEU07.';

ALTER FUNCTION aegis.upsert_messages(text, bytea [], text, uuid, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_messages(text, bytea [], text, uuid, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_messages(text, bytea [], text, uuid, boolean, text) TO aegis_ingest, aegis_app;
