-- _apply_batch: judge, deduplicate and write the rows of a stage; the one way in for every table.
--
-- Latest wins by a total order: event time, source rank, sequence number, payload. So the result
-- does not depend on the order of arrival, and sending again changes nothing.

CREATE OR REPLACE FUNCTION aegis._apply_batch(
    p_target text,
    p_source text,
    p_batch_id uuid,
    p_raw boolean,
    p_revive boolean DEFAULT FALSE,
    p_verdicts text DEFAULT 'exceptions',
    p_is_backfill boolean DEFAULT FALSE
)
RETURNS aegis.batch_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET jit = off
SET work_mem = '64MB'
AS $function$
DECLARE
    v_source aegis.data_sources;
    v_sent text := 'stage_' || p_target || CASE WHEN p_raw THEN '_raw' ELSE '' END;
    v aegis.target_fragments;
    v_digest bytea;
    v_is_incomplete boolean;
    v_first date;
    v_last date;
    v_result aegis.batch_result;
    v_judged record;
    v_bounds text;
    v_refused bigint;
    v_asked bigint;
    v_written record;
BEGIN
    IF p_batch_id IS NULL THEN
        RAISE EXCEPTION 'a batch needs an id'
            USING ERRCODE = 'AEU02',
                  HINT = 'Pass p_batch_id; the same id makes sending again harmless.';
    ELSIF p_verdicts IS DISTINCT FROM 'exceptions' AND p_verdicts IS DISTINCT FROM 'all' THEN
        RAISE EXCEPTION 'verdicts % are not kept', coalesce(quote_literal(p_verdicts), 'null')
            USING ERRCODE = 'AEU07',
                  HINT = 'p_verdicts is exceptions, the rows that were not simply applied, or all.';
    END IF;

    SELECT s.* INTO v_source FROM aegis.data_sources AS s WHERE s.source = p_source;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'source % is not registered', coalesce(quote_literal(p_source), 'null')
            USING ERRCODE = 'AEU01', SCHEMA = 'aegis', TABLE = 'data_sources',
                  HINT = 'aegis.data_sources lists the sources.';
    END IF;

    v := aegis._target_fragments(p_target);
    IF p_is_backfill AND (v.bound_column IS NULL OR v.is_append_only) THEN
        RAISE EXCEPTION 'table % cannot be backfilled', v.relation
            USING ERRCODE = 'AEU13', SCHEMA = 'aegis', TABLE = p_target,
                  DETAIL = 'It is not partitioned by a column of its key, or takes rows once only.',
                  HINT = 'Send its rows as ordinary batches.';
    END IF;
    PERFORM aegis._check_stage(v_sent);
    IF p_raw THEN
        PERFORM aegis._check_stage('stage_' || p_target);
    END IF;

    -- Two senders of one batch take turns; the second finds the row of the first.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_batch_id::text, 0));

    -- What the batch says, for a sender that sends again, in the order in which the stage was filled. A hash
    -- of each row is a third of the work of its bytes, which seals take; no setting changes either. The same scan surveys
    -- a typed stage; one of texts is surveyed once it is parsed.
    EXECUTE format(
        'SELECT count(*), sha256(coalesce(string_agg(%s, NULL), '''')), %s FROM pg_temp.%I AS w',
        format(CASE WHEN p_raw OR v.is_hashable THEN 'int8send(hash_record_extended(%s, 0))' ELSE 'record_send(%s)' END,
               format('ROW(w.line_number, %s, w.payload, w.payload_bytes)', 'w.' || replace(v.input_columns, ', ', ', w.'))),
        CASE WHEN p_raw THEN 'NULL, NULL, NULL' ELSE v.survey END, v_sent)
       INTO v_result.received, v_digest, v_is_incomplete, v_first, v_last;

    v_result := aegis._repeated_batch(p_batch_id, p_target, p_source, v_digest, v_result.received,
                                     CASE WHEN p_is_backfill THEN 'aegis.backfill_rows_maximum' ELSE 'aegis.batch_rows_maximum' END);
    IF v_result.is_repeat THEN
        PERFORM aegis._spend_stage(v_sent);
        RETURN v_result;
    END IF;
    v_result.batch_number := nextval('aegis.batch_numbers'::regclass);

    IF p_raw THEN
        SELECT * INTO v_is_incomplete, v_first, v_last FROM aegis._parse_stage(v);
    END IF;

    SELECT * INTO v_judged FROM aegis._judge_stage(v, v_source, v_is_incomplete, v_first, v_last);
    v_asked := aegis._ask_checks('before', p_target, p_source, v_result.batch_number, v.stage)
               + aegis._ask_checks('rows', p_target, p_source, v_result.batch_number, v.stage);

    IF v_judged.unknown_codes > 0 AND v_source.introduces_codes AND p_target <> 'stocks' THEN
        PERFORM aegis._introduce_codes(v.stage, p_source, v_source.source_rank, v_result.batch_number);
    END IF;

    v_bounds := CASE WHEN v_judged.lower_bound IS NULL THEN 'TRUE'
                     ELSE format('t.%s BETWEEN %L AND %L', v.bound_column, v_judged.lower_bound, v_judged.upper_bound) END;
    BEGIN
        SELECT * INTO v_written
          FROM aegis._write_rows(v, v_result.batch_number, v_source, v_bounds, v_result.received, p_revive, p_is_backfill);
    EXCEPTION
        WHEN data_exception OR integrity_constraint_violation THEN
            -- The table refuses a row that no rule knew. It goes alone, the others are written.
            v_refused := aegis._find_refused(v, v_result.batch_number, v_source);
            IF v_refused = 0 THEN
                RAISE;
            END IF;
            v_asked := v_asked + v_refused;
            SELECT * INTO v_written
              FROM aegis._write_rows(v, v_result.batch_number, v_source, v_bounds, v_result.received, p_revive, p_is_backfill);
    END;

    v_result.quarantined := 0;
    v_result.rejected := 0;
    IF v_judged.put_aside + v_asked + v_written.conflicting > 0 THEN
        SELECT a.quarantined, a.rejected
          INTO v_result.quarantined, v_result.rejected
          FROM aegis._put_aside(v, v_result.batch_number, p_raw) AS a;
    END IF;

    v_result.inserted := v_written.inserted;
    v_result.updated := v_written.updated;
    v_result.unchanged := 0;
    v_result.stale := 0;
    v_result.duplicate := 0;
    v_result.kept_deleted := 0;
    IF p_verdicts = 'all'
        OR v_result.received > v_result.inserted + v_result.updated + v_result.quarantined + v_result.rejected
    THEN
        IF v_written.verdicts IS NULL THEN
            SELECT array_agg(c) INTO v_written.verdicts
              FROM aegis._classify_rows(v, v_result.batch_number, p_source, v_source.source_rank, v_bounds) AS c;
        END IF;
        INSERT INTO aegis.batch_verdicts
        SELECT c.*
          FROM unnest(v_written.verdicts) AS c
         WHERE p_verdicts = 'all' OR c.verdict NOT IN ('inserted', 'updated');
        SELECT coalesce(sum(c.row_count) FILTER (WHERE c.verdict = 'unchanged'), 0),
               coalesce(sum(c.row_count) FILTER (WHERE c.verdict = 'stale'), 0),
               coalesce(sum(c.row_count) FILTER (WHERE c.verdict = 'duplicate'), 0),
               coalesce(sum(c.row_count) FILTER (WHERE c.verdict = 'kept_deleted'), 0)
          INTO v_result.unchanged, v_result.stale, v_result.duplicate, v_result.kept_deleted
          FROM unnest(v_written.verdicts) AS c;
    END IF;

    INSERT INTO aegis.ingest_batches (
        batch_number, batch_id, target, source, content_digest, received, inserted, updated, unchanged, stale,
        duplicate, kept_deleted, quarantined, rejected, first_day, last_day
    )
    VALUES (
        v_result.batch_number, p_batch_id, p_target, p_source, v_digest, v_result.received, v_result.inserted,
        v_result.updated, v_result.unchanged, v_result.stale, v_result.duplicate, v_result.kept_deleted,
        v_result.quarantined, v_result.rejected,
        CASE WHEN v.bound_column = 'trade_date' THEN v_judged.lower_bound::date END,
        CASE WHEN v.bound_column = 'trade_date' THEN v_judged.upper_bound::date END
    );

    PERFORM aegis._ask_checks('after', p_target, p_source, v_result.batch_number, v.stage);

    PERFORM aegis._spend_stage('stage_' || p_target);
    IF p_raw THEN
        PERFORM aegis._spend_stage(v_sent);
    END IF;
    RETURN v_result;
END;
$function$;

COMMENT ON FUNCTION aegis._apply_batch(text, text, uuid, boolean, boolean, text, boolean) IS -- noqa: LT01
'Judges, deduplicates and writes the staged rows by latest-wins and records the batch; raises AEU01 to AEU07, AEU13.';

ALTER FUNCTION aegis._apply_batch(text, text, uuid, boolean, boolean, text, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._apply_batch(text, text, uuid, boolean, boolean, text, boolean) FROM PUBLIC;
