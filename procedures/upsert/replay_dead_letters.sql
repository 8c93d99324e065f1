-- replay_dead_letters: judge open dead letters again, after a rule, the calendar or the list of codes changed.
--
-- Letters of one source are one new batch, with the number of the letter as line number. Each is
-- marked as replayed, with its new verdict; one that is put aside again is a new letter.
--
-- Call     SELECT * FROM aegis.replay_dead_letters('stock_prices', 'the calendar was wrong', p_rule => 'no_trading_day');
-- Role     aegis_operator
-- Locks    the letters (letters that another session replays are left to it), then what an upsert locks
-- Raises   AEU05  the table takes no batches
--          AEU11  the reason is blank
-- Repeat   idempotent: a letter is replayed once; what a crash interrupts is undone as a whole

CREATE OR REPLACE FUNCTION aegis.replay_dead_letters(
    p_target text,
    p_reason text,
    p_rule text DEFAULT NULL,
    p_letters bigint [] DEFAULT NULL,
    p_limit integer DEFAULT 20000
)
RETURNS SETOF aegis.batch_result
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v aegis.target_fragments := aegis._target_fragments(p_target);
    v_type text := (SELECT t.input_type FROM aegis.ingest_targets AS t WHERE t.target = p_target);
    v_letters bigint[];
    v_group record;
    v_result aegis.batch_result;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a replay needs a reason'
            USING ERRCODE = 'AEU11',
                  HINT = 'Say in p_reason what has changed since the letters were put aside.';
    END IF;

    v_letters := ARRAY(
        SELECT d.dead_letter_id
          FROM aegis.dead_letters AS d
         WHERE d.target = p_target
           AND (p_rule IS NULL OR d.reason = p_rule)
           AND (p_letters IS NULL OR d.dead_letter_id = ANY (p_letters))
           AND NOT EXISTS (SELECT FROM aegis.dead_letter_resolutions AS r WHERE r.dead_letter_id = d.dead_letter_id)
         ORDER BY d.dead_letter_id
         LIMIT p_limit
           FOR UPDATE SKIP LOCKED
    );

    FOR v_group IN
        SELECT b.source, d.is_raw, array_agg(d.dead_letter_id ORDER BY d.dead_letter_id) AS letters
          FROM aegis.dead_letters AS d
          JOIN aegis.ingest_batches AS b USING (batch_number)
         WHERE d.dead_letter_id = ANY (v_letters)
           -- Between the look and the lock another session may have been done with them.
           AND NOT EXISTS (SELECT FROM aegis.dead_letter_resolutions AS r WHERE r.dead_letter_id = d.dead_letter_id)
         GROUP BY b.source, d.is_raw
         ORDER BY b.source, d.is_raw
    LOOP
        PERFORM aegis.open_stage(p_target, v_group.is_raw);
        PERFORM aegis._empty_stage('stage_' || p_target || CASE WHEN v_group.is_raw THEN '_raw' ELSE '' END);
        EXECUTE format(
            'INSERT INTO pg_temp.%I (line_number, %s, payload, payload_bytes)
             SELECT d.dead_letter_id, i.*, d.payload, d.payload_bytes
               FROM aegis.dead_letters AS d
              CROSS JOIN LATERAL (SELECT %s) AS i
              WHERE d.dead_letter_id = ANY ($1)
              ORDER BY d.dead_letter_id',
            'stage_' || p_target || CASE WHEN v_group.is_raw THEN '_raw' ELSE '' END,
            v.input_columns,
            CASE WHEN v_group.is_raw
                 THEN (SELECT string_agg(format('d.fields ->> %L', a.attname), ', ' ORDER BY a.attnum)
                         FROM pg_type AS y
                         JOIN pg_attribute AS a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                        WHERE y.oid = v_type::regtype)
                 ELSE format('(jsonb_populate_record(NULL::%s, d.fields)).*', v_type) END)
          USING v_group.letters;

        v_result := aegis._apply_batch(p_target, v_group.source, gen_random_uuid(), v_group.is_raw, FALSE, 'all');
        INSERT INTO aegis.dead_letter_resolutions (dead_letter_id, resolution, reason, batch_number, verdict)
        SELECT w.line_number, 'replayed', p_reason, w.batch_number, w.verdict
          FROM aegis.row_verdicts AS w
         WHERE w.batch_number = v_result.batch_number;
        RETURN NEXT v_result;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis.replay_dead_letters(text, text, text, bigint [], integer) IS -- noqa: LT01
'Judges open dead letters of a table again, one batch for each source, and returns the batches; raises AEU05 or AEU11.';

ALTER FUNCTION aegis.replay_dead_letters(text, text, text, bigint [], integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.replay_dead_letters(text, text, text, bigint [], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.replay_dead_letters(text, text, text, bigint [], integer) TO aegis_operator;
