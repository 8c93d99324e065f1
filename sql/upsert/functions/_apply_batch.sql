-- _apply_batch: judge, deduplicate and upsert the rows of a stage; the one way in for every table.
--
-- Latest wins by a total order: event time, source rank, sequence number, payload. So the result
-- does not depend on the order of arrival, and sending again changes nothing.

CREATE OR REPLACE FUNCTION aegis._apply_batch(
    p_target text,
    p_source text,
    p_batch_id uuid,
    p_raw boolean
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
    v_stage text := 'stage_' || p_target || CASE WHEN p_raw THEN '_raw' ELSE '' END;
    v_work text := 'work_' || p_target;
    v_source aegis.data_sources;
    v_target aegis.ingest_targets;
    v_limit integer;
    v_digest bytea;
    v_known aegis.ingest_batches;
    v_result aegis.batch_result;
    v_is_dated boolean;
    v_columns text;
    v_parsed text;
    v_defaults text;
    v_values text;
    v_unparsable text;
    v_rules text;
    v_keys text;
    v_payload text;
    v_ordered text;
    v_winners text;
    v_newer text;
    v_equal text;
    v_winning integer;
    v_check text;
BEGIN
    IF p_batch_id IS NULL THEN
        RAISE EXCEPTION 'a batch needs an id'
            USING ERRCODE = 'AEU02',
                  HINT = 'Pass p_batch_id; the same id makes sending again harmless.';
    END IF;

    SELECT s.* INTO v_source FROM aegis.data_sources AS s WHERE s.source = p_source;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'source % is not registered', coalesce(quote_literal(p_source), 'null')
            USING ERRCODE = 'AEU01', SCHEMA = 'aegis', TABLE = 'data_sources',
                  HINT = 'aegis.data_sources lists the sources.';
    END IF;

    SELECT t.* INTO v_target FROM aegis.ingest_targets AS t WHERE t.target = p_target;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table % takes no batches', coalesce(quote_literal(p_target), 'null')
            USING ERRCODE = 'AEU05',
                  HINT = 'aegis.ingest_targets lists the tables that do.';
    END IF;

    v_is_dated := 'trade_date' = ANY (v_target.key_columns);

    PERFORM aegis._check_stage(v_stage);
    PERFORM aegis._check_stage(v_work);

    -- Two senders of one batch take turns; the second finds the row of the first.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_batch_id::text, 0));

    EXECUTE format(
        $sql$SELECT count(*), sha256(convert_to(coalesce(string_agg(s::text, E'\n' ORDER BY s.line_number), ''), 'UTF8'))
               FROM pg_temp.%I AS s$sql$, v_stage)
       INTO v_result.received, v_digest;

    SELECT b.* INTO v_known FROM aegis.ingest_batches AS b WHERE b.batch_id = p_batch_id;
    IF FOUND THEN
        IF (v_known.target, v_known.source, v_known.content_digest) IS DISTINCT FROM (p_target, p_source, v_digest) THEN
            RAISE EXCEPTION 'batch % was applied with other content', p_batch_id
                USING ERRCODE = 'AEU04', SCHEMA = 'aegis', TABLE = 'ingest_batches',
                      DETAIL = format('It brought %s rows of %s to %s at %s.', v_known.received, v_known.source,
                                      v_known.target, v_known.applied_at),
                      HINT = 'Give other rows another batch id.';
        END IF;
        EXECUTE format('TRUNCATE pg_temp.%I', v_stage);
        RETURN (v_known.batch_id, v_known.batch_number, true, v_known.received, v_known.inserted, v_known.updated,
                v_known.unchanged, v_known.stale, v_known.duplicate, v_known.quarantined, v_known.rejected);
    END IF;

    v_limit := aegis.configuration('aegis.batch_rows_maximum')::integer;
    IF v_result.received > v_limit THEN
        RAISE EXCEPTION 'a batch of % rows is too large', v_result.received
            USING ERRCODE = 'AEU03',
                  DETAIL = format('The setting aegis.batch_rows_maximum allows %s rows.', v_limit),
                  HINT = 'Split it; 1,000 to 20,000 rows are fastest.';
    END IF;

    v_result.batch_id := p_batch_id;
    v_result.is_repeat := false;
    v_result.batch_number := nextval('aegis.batch_numbers'::regclass);

    -- From the stage to the work table: each column parsed once, defaults filled in, rules asked.
    SELECT string_agg(quote_ident(i.name), ', ' ORDER BY i.place),
           string_agg(CASE WHEN p_raw
                           THEN format('aegis._parse_%s(s.%I) AS %2$I, s.%2$I AS %I', i.type, i.name, 'raw_' || i.name)
                           ELSE format('s.%I', i.name) END, ', ' ORDER BY i.place),
           string_agg(CASE i.name
                          WHEN 'trade_date'
                          THEN 'coalesce(p.trade_date, (p.event_at AT TIME ZONE ''Asia/Seoul'')::date) AS trade_date'
                          WHEN 'price_basis' THEN 'coalesce(p.price_basis, ''raw'') AS price_basis'
                          ELSE format('p.%I', i.name) END, ', ' ORDER BY i.place),
           string_agg(CASE
                          WHEN i.name = 'event_at' AND v_is_dated
                          THEN 'coalesce(w.event_at, c.closes_at,
                                         (w.trade_date + TIME ''15:30'') AT TIME ZONE ''Asia/Seoul'')'
                          WHEN i.name = 'sequence_number' THEN 'coalesce(w.sequence_number, 0)'
                          ELSE format('w.%I', i.name) END, ', ' ORDER BY i.place),
           CASE WHEN p_raw
                THEN format('WHEN num_nonnulls(%s) = 0 THEN ''malformed_line'' ',
                            string_agg(format('p.%I', 'raw_' || i.name), ', '))
                     || string_agg(format('WHEN p.%I <> '''' AND p.%I IS NULL THEN %L',
                                          'raw_' || i.name, i.name, 'unparsable_' || i.name), ' ' ORDER BY i.place)
                            FILTER (WHERE i.type <> 'text')
           END
      INTO v_columns, v_parsed, v_defaults, v_values, v_unparsable
      FROM (
        SELECT a.attname AS name, a.attnum AS place,
               CASE a.atttypid WHEN 'timestamptz'::regtype THEN 'timestamptz'
                               ELSE format_type(a.atttypid, NULL) END AS type
          FROM pg_type AS y
          JOIN pg_attribute AS a ON a.attrelid = y.typrelid
         WHERE y.typname = v_target.input_type
           AND y.typnamespace = 'aegis'::regnamespace
      ) AS i;

    SELECT string_agg(format('WHEN %s THEN %L', r.predicate, r.reason), ' ' ORDER BY r.priority)
      INTO v_rules
      FROM aegis.ingest_rules AS r
     WHERE r.target = p_target;

    -- OFFSET 0 keeps the planner from parsing a text again in each rule that reads it.
    EXECUTE format(
        'INSERT INTO pg_temp.%I (stage_row, line_number, %s, reason)
         SELECT p.stage_row, p.line_number, %s, CASE %s %s END
           FROM (SELECT s.ctid AS stage_row, s.line_number, %s FROM pg_temp.%I AS s OFFSET 0) AS p
          CROSS JOIN LATERAL (SELECT %s) AS w
           LEFT JOIN aegis.stocks AS k ON k.stock_code = w.stock_code
           %s',
        v_work, v_columns, v_values, v_unparsable, v_rules, v_parsed, v_stage, v_defaults,
        CASE WHEN v_is_dated THEN 'LEFT JOIN aegis.trading_calendar AS c
                                      ON c.venue = ''XKRX'' AND c.trade_date = w.trade_date' END)
      USING clock_timestamp() + v_source.clock_skew,
            (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date,
            v_source.introduces_codes;

    FOREACH v_check IN ARRAY ARRAY['before', 'rows'] LOOP
        PERFORM aegis._ask_checks(v_check, p_target, p_source, v_result.batch_number, format('pg_temp.%I', v_work)::regclass);
    END LOOP;

    EXECUTE format(
        $sql$INSERT INTO aegis.dead_letters (batch_number, target, line_number, verdict, reason, payload)
             SELECT $1, $2, s.line_number, 
                    coalesce(r.verdict, CASE WHEN w.reason ~ '^(unparsable_|malformed_line)' THEN 'rejected'
                                             ELSE 'quarantined' END), w.reason,
                    coalesce(s.payload, (to_jsonb(s) - 'payload')::text)
               FROM pg_temp.%I AS w
               JOIN pg_temp.%I AS s ON s.ctid = w.stage_row
               LEFT JOIN aegis.ingest_rules AS r ON r.target = $2 AND r.reason = w.reason
              WHERE w.reason IS NOT NULL
              ORDER BY s.line_number$sql$, v_work, v_stage)
      USING v_result.batch_number, p_target;

    SELECT count(*) FILTER (WHERE d.verdict = 'quarantined'), count(*) FILTER (WHERE d.verdict = 'rejected')
      INTO v_result.quarantined, v_result.rejected
      FROM aegis.dead_letters AS d
     WHERE d.batch_number = v_result.batch_number;

    IF v_source.introduces_codes AND p_target <> 'stocks' THEN
        -- A code seen before its master row; any master row is later than the epoch.
        EXECUTE format(
            $sql$INSERT INTO aegis.stocks (stock_code, source, source_rank, batch_number, last_updated)
                 SELECT DISTINCT w.stock_code COLLATE "C", $1, $2, $3, TIMESTAMPTZ 'epoch'
                   FROM pg_temp.%I AS w
                   LEFT JOIN aegis.stocks AS k ON k.stock_code = w.stock_code
                  WHERE w.reason IS NULL AND k.stock_code IS NULL
                  ORDER BY 1
                 ON CONFLICT (stock_code) DO NOTHING$sql$, v_work)
          USING p_source, v_source.source_rank, v_result.batch_number;
    END IF;

    SELECT string_agg(format('%I', k.name), ', ' ORDER BY k.place),
           string_agg(format('d.%I%s', k.name,
                             CASE WHEN a.atttypid = 'text'::regtype THEN ' COLLATE "C"' ELSE '' END), ', ' ORDER BY k.place)
      INTO v_keys, v_ordered
      FROM unnest(v_target.key_columns) WITH ORDINALITY AS k (name, place)
      JOIN pg_attribute AS a ON a.attrelid = format('aegis.%I', p_target)::regclass AND a.attname = k.name;

    SELECT string_agg(format('%I', p.name), ', ' ORDER BY p.place),
           string_agg(format('d.%I::%s AS %1$I', p.name, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY p.place)
      INTO v_payload, v_values
      FROM unnest(v_target.payload_columns) WITH ORDINALITY AS p (name, place)
      JOIN pg_attribute AS a ON a.attrelid = format('aegis.%I', p_target)::regclass AND a.attname = p.name;

    -- The last value of each key in this batch, in the order in which every session locks keys.
    v_winners := format(
        'SELECT DISTINCT ON (%1$s) %2$s, %3$s, d.event_at AS last_updated, d.sequence_number
           FROM pg_temp.%4$I AS d
          WHERE d.reason IS NULL
          ORDER BY %1$s, d.event_at DESC, d.sequence_number DESC, ROW(%5$s)::record DESC',
        v_ordered, 'd.' || replace(v_keys, ', ', ', d.'), v_values, v_work, 'd.' || replace(v_payload, ', ', ', d.'));

    v_newer := format(
        '(EXCLUDED.last_updated, EXCLUDED.source_rank, EXCLUDED.sequence_number) > (t.last_updated, t.source_rank, t.sequence_number)
         OR ((EXCLUDED.last_updated, EXCLUDED.source_rank, EXCLUDED.sequence_number) = (t.last_updated, t.source_rank, t.sequence_number)
             AND ROW(%1$s)::record > ROW(%2$s)::record)',
        'EXCLUDED.' || replace(v_payload, ', ', ', EXCLUDED.'), 't.' || replace(v_payload, ', ', ', t.'));

    v_equal := format(
        '(n.last_updated, $1, n.sequence_number) = (t.last_updated, t.source_rank, t.sequence_number)
         AND ROW(%1$s)::record = ROW(%2$s)::record',
        'n.' || replace(v_payload, ', ', ', n.'), 't.' || replace(v_payload, ', ', ', t.'));

    EXECUTE format(
        'WITH winners AS MATERIALIZED (%4$s), applied AS (
            INSERT INTO aegis.%1$I AS t (%2$s, %3$s, last_updated, sequence_number, source, source_rank, batch_number)
            SELECT n.*, $1, $2, $3 FROM winners AS n
            ON CONFLICT (%2$s) DO UPDATE
               SET (%3$s, last_updated, sequence_number, source, source_rank, batch_number, data_version)
                 = ROW(%5$s, EXCLUDED.last_updated, EXCLUDED.sequence_number, EXCLUDED.source, EXCLUDED.source_rank,
                       EXCLUDED.batch_number, t.data_version + 1)
             WHERE %6$s
            RETURNING t.data_version
         )
         SELECT count(*) FILTER (WHERE data_version = 1), count(*) FILTER (WHERE data_version > 1),
                (SELECT count(*) FROM winners)
           FROM applied',
        p_target, v_keys, v_payload, v_winners, 'EXCLUDED.' || replace(v_payload, ', ', ', EXCLUDED.'), v_newer)
       INTO v_result.inserted, v_result.updated, v_winning
      USING p_source, v_source.source_rank, v_result.batch_number;

    v_result.duplicate := v_result.received - v_result.quarantined - v_result.rejected - v_winning;
    v_result.unchanged := 0;
    IF v_winning > v_result.inserted + v_result.updated THEN
        -- Rows that were not applied are locked by the upsert, so this count and that one agree.
        EXECUTE format('SELECT count(*) FROM (%s) AS n JOIN aegis.%I AS t USING (%s) WHERE %s',
                       v_winners, p_target, v_keys, v_equal)
           INTO v_result.unchanged
          USING v_source.source_rank;
        v_result.unchanged := v_result.unchanged - v_result.inserted - v_result.updated;
    END IF;
    v_result.stale := v_winning - v_result.inserted - v_result.updated - v_result.unchanged;

    INSERT INTO aegis.ingest_batches (
        batch_number, batch_id, target, source, content_digest, received, inserted, updated, unchanged, stale,
        duplicate, quarantined, rejected
    )
    VALUES (
        v_result.batch_number, p_batch_id, p_target, p_source, v_digest, v_result.received, v_result.inserted,
        v_result.updated, v_result.unchanged, v_result.stale, v_result.duplicate, v_result.quarantined,
        v_result.rejected
    );

    PERFORM aegis._ask_checks('after', p_target, p_source, v_result.batch_number, format('pg_temp.%I', v_work)::regclass);

    EXECUTE format('TRUNCATE pg_temp.%I, pg_temp.%I', v_stage, v_work);
    RETURN v_result;
END;
$function$;

COMMENT ON FUNCTION aegis._apply_batch(text, text, uuid, boolean) IS -- noqa: LT01
'Judges, deduplicates and upserts the staged rows by latest-wins and records the batch; raises AEU01 to AEU06.';

ALTER FUNCTION aegis._apply_batch(text, text, uuid, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._apply_batch(text, text, uuid, boolean) FROM PUBLIC;
