-- _repeated_batch: the stored result of a batch that was applied before; else an empty result.
--
-- Raises   AEU03  the batch is too large
--          AEU04  the id was used for other content

CREATE OR REPLACE FUNCTION aegis._repeated_batch(
    p_batch_id uuid,
    p_target text,
    p_source text,
    p_digest bytea,
    p_received integer,
    p_limit text
)
RETURNS aegis.batch_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_known aegis.ingest_batches;
    v_result aegis.batch_result;
    v_limit integer;
BEGIN
    v_result.batch_id := p_batch_id;
    v_result.is_repeat := false;
    v_result.received := p_received;

    SELECT b.* INTO v_known FROM aegis.ingest_batches AS b WHERE b.batch_id = p_batch_id;
    IF NOT FOUND THEN
        v_limit := aegis.configuration(p_limit)::integer;
        IF p_received > v_limit THEN
            RAISE EXCEPTION 'a batch of % rows is too large', p_received
                USING ERRCODE = 'AEU03',
                      DETAIL = format('The setting %s allows %s rows.', p_limit, v_limit),
                      HINT = 'Split it; 1,000 to 20,000 rows are fastest.';
        END IF;
        RETURN v_result;
    END IF;

    IF (v_known.target, v_known.source, v_known.content_digest) IS DISTINCT FROM (p_target, p_source, p_digest) THEN
        RAISE EXCEPTION 'batch % was applied with other content', p_batch_id
            USING ERRCODE = 'AEU04', SCHEMA = 'aegis', TABLE = 'ingest_batches',
                  DETAIL = format('It brought %s rows of %s to %s at %s.', v_known.received, v_known.source,
                                  v_known.target, v_known.applied_at),
                  HINT = 'Give other rows another batch id.';
    END IF;

    v_result.is_repeat := true;
    v_result.batch_number := v_known.batch_number;
    v_result.inserted := v_known.inserted;
    v_result.updated := v_known.updated;
    v_result.unchanged := v_known.unchanged;
    v_result.stale := v_known.stale;
    v_result.duplicate := v_known.duplicate;
    v_result.kept_deleted := v_known.kept_deleted;
    v_result.quarantined := v_known.quarantined;
    v_result.rejected := v_known.rejected;
    RETURN v_result;
END;
$function$;

COMMENT ON FUNCTION aegis._repeated_batch(uuid, text, text, bytea, integer, text) IS -- noqa: LT01
'Result of a batch that was applied before, is_repeat true; else one that only says what came; raises AEU03 or AEU04.';

ALTER FUNCTION aegis._repeated_batch(uuid, text, text, bytea, integer, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._repeated_batch(uuid, text, text, bytea, integer, text) FROM PUBLIC;
