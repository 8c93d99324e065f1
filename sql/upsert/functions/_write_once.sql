-- _write_once: write the rows of a stage into an append-only table.
--
-- The same event again is a duplicate and changes nothing. The same key with another content is no
-- event of ours: it is put aside as conflicting_event.

CREATE OR REPLACE FUNCTION aegis._write_once(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source text,
    p_source_rank smallint,
    p_bounds text,
    OUT inserted bigint,
    OUT duplicate bigint,
    OUT conflicting bigint,
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
    v_first text;
BEGIN
    duplicate := 0;
    conflicting := 0;
    v_first := format('SELECT %2$s, d.place
                         FROM (SELECT DISTINCT ON (%1$s) %5$s, d.ctid AS place FROM %3$s AS d WHERE d.reason IS NULL ORDER BY %1$s, %4$s) AS d',
                      'd.' || replace(p_sql.key_columns, ', ', ', d.'), p_sql.ranked, p_sql.stage, p_sql.in_order, p_sql.input_columns);
    BEGIN
        EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM (%3$s) AS n', p_sql.relation, p_sql.columns, v_first)
          USING p_source, p_source_rank, p_batch_number;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        EXECUTE format('SELECT count(*) - $1 FROM %s AS d WHERE d.reason IS NULL', p_sql.stage)
           INTO duplicate
          USING inserted;
        IF duplicate = 0 THEN
            RETURN;
        END IF;
        EXECUTE format('UPDATE %s AS s SET is_written = TRUE FROM (%s) AS n WHERE s.ctid = n.place', p_sql.stage, v_first)
          USING p_source, p_source_rank, p_batch_number;
    EXCEPTION
        WHEN unique_violation THEN
            EXECUTE format(
                'WITH n AS MATERIALIZED (%s),
                      w AS (INSERT INTO %s (%s) SELECT %3$s FROM n ON CONFLICT (%4$s) DO NOTHING RETURNING %4$s)
                 UPDATE %5$s AS s SET is_written = TRUE FROM n JOIN w USING (%4$s) WHERE s.ctid = n.place',
                v_first, p_sql.relation, p_sql.columns, p_sql.key_columns, p_sql.stage)
              USING p_source, p_source_rank, p_batch_number;
            GET DIAGNOSTICS inserted = ROW_COUNT;
    END;

    EXECUTE format(
        'UPDATE %1$s AS s SET reason = ''conflicting_event''
           FROM (SELECT %2$s, d.ctid AS place FROM %1$s AS d WHERE d.reason IS NULL AND d.is_written IS NOT TRUE) AS n
           JOIN %3$s AS t ON %4$s AND %5$s
          WHERE s.ctid = n.place AND NOT %6$s',
        p_sql.stage, p_sql.ranked, p_sql.relation, p_sql.matches, p_bounds, replace(p_sql.repeats, '@', 'n'))
      USING p_source, p_source_rank, p_batch_number;
    GET DIAGNOSTICS conflicting = ROW_COUNT;

    EXECUTE format(
        $sql$SELECT array_agg(ROW($1, c.verdict, c.row_count, c.lines)::aegis.batch_verdicts),
                    coalesce(sum(c.row_count) FILTER (WHERE c.verdict = 'duplicate'), 0)
               FROM (SELECT CASE WHEN d.is_written THEN 'inserted' ELSE 'duplicate' END AS verdict,
                            count(*) AS row_count, range_agg(int8range(d.line_number, d.line_number, '[]')) AS lines
                       FROM %s AS d
                      WHERE d.reason IS NULL
                      GROUP BY 1) AS c$sql$, p_sql.stage)
       INTO verdicts, duplicate
      USING p_batch_number;
END;
$function$;

COMMENT ON FUNCTION aegis._write_once(aegis.target_fragments, bigint, text, smallint, text) IS -- noqa: LT01
'Writes the rows of a stage whose key is new; returns rows inserted, duplicate and in conflict with what is there.';

ALTER FUNCTION aegis._write_once(aegis.target_fragments, bigint, text, smallint, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._write_once(aegis.target_fragments, bigint, text, smallint, text) FROM PUBLIC;
