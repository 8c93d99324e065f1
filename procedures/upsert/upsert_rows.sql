-- upsert_rows: take in a batch of rows of any table that takes batches; the one call for all of them.
--
-- Call     SELECT * FROM aegis.upsert_rows('stock_ticks',
--              ARRAY[ROW('005930', NULL, '2025-01-02 10:00:00.123+09', 17, 53400, 10, 'buy', NULL)]::aegis.stock_tick_input[],
--              p_source => 'krx', p_batch_id => gen_random_uuid());
-- Role     aegis_ingest, aegis_app
-- Locks    the rows it touches, in key order, until the caller's transaction ends
-- Raises   AEU01  the source is not registered       AEU02  the batch has no id
--          AEU03  the batch is too large             AEU04  the id was used for other content
--          AEU05  the table takes no batches         AEU07  p_verdicts is neither exceptions nor all
--          AEU08  the rows are of another type than the table's
-- Repeat   idempotent by batch id: the stored result is returned, nothing changes

CREATE OR REPLACE FUNCTION aegis.upsert_rows(
    p_target text,
    p_rows anyarray,
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
    v_type text;
BEGIN
    v := aegis._target_fragments(p_target);
    SELECT t.input_type INTO v_type FROM aegis.ingest_targets AS t WHERE t.target = p_target;
    IF pg_typeof(p_rows) <> (v_type || '[]')::regtype THEN
        RAISE EXCEPTION 'rows of % do not go to %', pg_typeof(p_rows), p_target
            USING ERRCODE = 'AEU08',
                  DETAIL = format('The table takes %s[].', v_type),
                  HINT = 'Cast the array to the type that aegis.ingest_targets names.';
    END IF;

    PERFORM aegis.open_stage(p_target);
    PERFORM aegis._empty_stage('stage_' || p_target);
    -- A stage is made by the session that uses it, so no plan of it can be kept.
    EXECUTE format('INSERT INTO %s (%s, line_number) SELECT r.* FROM unnest($1) WITH ORDINALITY AS r', v.stage, v.input_columns)
      USING p_rows;
    RETURN aegis._apply_batch(p_target, p_source, p_batch_id, FALSE, p_revive, p_verdicts);
END;
$function$;

COMMENT ON FUNCTION aegis.upsert_rows(text, anyarray, text, uuid, boolean, text) IS -- noqa: LT01
'Takes in rows of the input type of any table as one batch and returns them by verdict; raises AEU01 to AEU05, AEU07 or AEU08.';

ALTER FUNCTION aegis.upsert_rows(text, anyarray, text, uuid, boolean, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.upsert_rows(text, anyarray, text, uuid, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.upsert_rows(text, anyarray, text, uuid, boolean, text) TO aegis_ingest, aegis_app;
