-- _write_latest: write the last value of each key of a stage, latest wins.
--
-- From aegis.batch_rows_guessed rows on, a look at some 16 rows guesses what the batch is. The guess decides the speed, never the result: a
-- savepoint takes back what was guessed wrong, and the last statement is right whatever comes.
--
--   no key exists      plain INSERT: two thirds of the time of ON CONFLICT
--   all exist, newer   UPDATE ... FROM: nine tenths
--   all exist, older   nothing: no row is locked, no WAL written
--   else               INSERT ... ON CONFLICT of what is missing or newer
--
-- Each statement locks rows in the order of their keys, and no statement locks after another did,
-- so writers of the same keys queue and never deadlock: hence nested loops and index scans only.

CREATE OR REPLACE FUNCTION aegis._write_latest(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source text,
    p_source_rank smallint,
    p_bounds text,
    p_received bigint,
    p_revive boolean,
    OUT inserted bigint,
    OUT updated bigint,
    OUT kept_deleted bigint,
    OUT revived bigint,
    OUT verdicts aegis.batch_verdicts []
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $function$
DECLARE
    v_last text;
    v_guesses boolean;
    v_probed integer;
    v_known integer;
    v_newer integer;
    v_partition regclass;
    v_rows bigint;
BEGIN
    inserted := 0;
    updated := 0;
    kept_deleted := 0;
    revived := 0;
    -- What was sent goes through the sort, what is written is made of what is left.
    v_last := format('SELECT %2$s FROM (SELECT DISTINCT ON (%1$s) %5$s FROM %3$s AS d WHERE d.reason IS NULL ORDER BY %1$s, %4$s) AS d',
                     'd.' || replace(p_sql.key_columns, ', ', ', d.'), p_sql.ranked, p_sql.stage, p_sql.in_order, p_sql.input_columns);

    v_guesses := NOT p_revive
        AND p_received >= aegis.configuration('aegis.batch_rows_guessed')::bigint
        AND NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'citus');

    IF v_guesses THEN
        EXECUTE format('SELECT count(*), count(t.%s), count(*) FILTER (WHERE %s),
                               CASE WHEN min(t.tableoid) = max(t.tableoid) THEN min(t.tableoid)::regclass END
                          FROM (SELECT %s FROM %s AS d TABLESAMPLE BERNOULLI (%s) REPEATABLE (0) WHERE d.reason IS NULL) AS n
                          LEFT JOIN %s AS t ON %s AND %s',
                       p_sql.first_key, replace(p_sql.supersedes, '@', 'n'), p_sql.ranked, p_sql.stage,
                       1600.0 / greatest(p_received, 16), p_sql.relation, p_sql.matches, p_bounds)
           INTO v_probed, v_known, v_newer, v_partition
          USING p_source, p_source_rank, p_batch_number;
    END IF;

    BEGIN
        IF v_guesses AND v_known = 0 THEN
            EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM (%3$s) AS n', p_sql.relation, p_sql.columns, v_last)
              USING p_source, p_source_rank, p_batch_number;
            GET DIAGNOSTICS inserted = ROW_COUNT;
            RETURN;
        ELSIF v_guesses AND v_newer = v_probed THEN
            -- The one partition that was seen is faster than its parent, and needs no bounds. Counting what it returns would
            -- cost a tenth more; a deleted row is left to the last statement.
            EXECUTE format('UPDATE %s AS t SET %s FROM (%s) AS n WHERE %s AND %s AND %s AND NOT (%s)',
                           coalesce(v_partition, p_sql.relation), replace(p_sql.assigned, '@', 'n'), v_last, p_sql.matches,
                           CASE WHEN v_partition IS NULL THEN p_bounds ELSE 'TRUE' END, replace(p_sql.supersedes, '@', 'n'), p_sql.deleted)
              USING p_source, p_source_rank, p_batch_number;
            GET DIAGNOSTICS updated = ROW_COUNT;
            IF updated < p_received THEN
                EXECUTE format('SELECT count(*) FROM (SELECT DISTINCT %s FROM %s AS d WHERE d.reason IS NULL) AS n',
                               'd.' || replace(p_sql.key_columns, ', ', ', d.'), p_sql.stage)
                   INTO v_rows;
            END IF;
            IF updated = coalesce(v_rows, p_received) THEN
                RETURN;
            END IF;
        END IF;

        IF v_guesses AND v_newer IN (0, v_probed) AND v_known = v_probed THEN
            SELECT array_agg(c)
              INTO verdicts
              FROM aegis._classify_rows(p_sql, p_batch_number, p_source, p_source_rank, p_bounds) AS c;
            IF NOT EXISTS (SELECT FROM unnest(verdicts) AS c WHERE c.verdict IN ('missing', 'newer')) THEN
                RETURN;
            END IF;
            RAISE unique_violation;
        END IF;
    EXCEPTION
        WHEN unique_violation THEN
            verdicts := NULL;                                   -- guessed wrong: nothing was written
    END;

    EXECUTE format(
        'WITH n AS MATERIALIZED (%1$s),
              c AS MATERIALIZED (
                SELECT n.*, %12$s AS was_deleted
                  FROM n LEFT JOIN %2$s AS t ON %3$s AND %4$s
                 WHERE t.%5$s IS NULL OR %6$s
                 ORDER BY %7$s
              ),
              w AS (
                INSERT INTO %2$s AS t (%8$s) SELECT %8$s FROM c
                ON CONFLICT (%9$s) DO UPDATE SET %10$s WHERE %11$s
                RETURNING t.data_version, %12$s AS is_deleted
              )
         SELECT count(*) FILTER (WHERE w.data_version = 1),
                count(*) FILTER (WHERE w.data_version > 1 AND NOT w.is_deleted),
                count(*) FILTER (WHERE w.data_version > 1 AND w.is_deleted),
                (SELECT count(*) FROM c WHERE c.was_deleted)
           FROM w',
        v_last, p_sql.relation, p_sql.matches, p_bounds, p_sql.first_key, replace(p_sql.supersedes, '@', 'n'),
        'n.' || replace(p_sql.key_columns, ', ', ', n.'), p_sql.columns, p_sql.key_columns,
        replace(p_sql.assigned, '@', 'EXCLUDED')
        || CASE WHEN p_revive THEN ', deleted_at = NULL, deleted_by = NULL, delete_reason = NULL' ELSE '' END,
        replace(p_sql.supersedes, '@', 'EXCLUDED'), p_sql.deleted)
       INTO inserted, updated, kept_deleted, revived
      USING p_source, p_source_rank, p_batch_number;
    IF NOT p_revive THEN
        revived := 0;
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._write_latest(aegis.target_fragments, bigint, text, smallint, text, bigint, boolean) IS -- noqa: LT01
'Writes the last value of each key of a stage where it is newer; returns rows inserted, updated and revived.';

ALTER FUNCTION aegis._write_latest(aegis.target_fragments, bigint, text, smallint, text, bigint, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._write_latest(aegis.target_fragments, bigint, text, smallint, text, bigint, boolean) FROM PUBLIC;
