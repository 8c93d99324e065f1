-- _classify_rows: the accepted rows of a stage by what they are to the table now.
--
-- Applied rows are those that carry the number of the batch. "missing" and "newer" are rows that
-- are still to be applied; the others are verdicts.

CREATE OR REPLACE FUNCTION aegis._classify_rows(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_source text,
    p_source_rank smallint,
    p_bounds text
)
RETURNS SETOF aegis.batch_verdicts
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $function$
BEGIN
    RETURN QUERY EXECUTE format(
        $sql$WITH n AS (
                SELECT %s, d.line_number, d.is_last
                  FROM (SELECT %s, d.line_number, row_number() OVER (PARTITION BY %s ORDER BY %s) = 1 AS is_last
                          FROM %s AS d
                         WHERE d.reason IS NULL) AS d
             ), v AS (
                SELECT n.line_number,
                       CASE WHEN NOT n.is_last THEN 'duplicate'
                            WHEN t.%s IS NULL THEN 'missing'
                            WHEN t.batch_number = $3 THEN %s
                            WHEN %s THEN 'newer'
                            WHEN %s THEN 'unchanged'
                            ELSE 'stale' END COLLATE "C" AS verdict
                  FROM n
                  LEFT JOIN %s AS t ON %s AND %s
                 ORDER BY n.line_number                         -- ranges of lines in order cost half
             )
             SELECT $3, v.verdict, count(*)::integer, range_agg(int8range(v.line_number, v.line_number, '[]'))
               FROM v
              GROUP BY v.verdict$sql$,
        p_sql.ranked, p_sql.input_columns, 'd.' || replace(p_sql.key_columns, ', ', ', d.'), p_sql.in_order, p_sql.stage, p_sql.first_key,
        -- An event has no versions: what this batch wrote, it inserted.
        CASE WHEN p_sql.is_append_only THEN '''inserted'''
             ELSE format('CASE WHEN t.data_version = 1 THEN ''inserted'' WHEN %s THEN ''kept_deleted'' ELSE ''updated'' END',
                         p_sql.deleted) END,
        replace(p_sql.supersedes, '@', 'n'), replace(p_sql.repeats, '@', 'n'), p_sql.relation, p_sql.matches, p_bounds)
      USING p_source, p_source_rank, p_batch_number;
END;
$function$;

COMMENT ON FUNCTION aegis._classify_rows(aegis.target_fragments, bigint, text, smallint, text) IS -- noqa: LT01
'Lines of the accepted rows of a stage by verdict, and those that are still to be applied.';

ALTER FUNCTION aegis._classify_rows(aegis.target_fragments, bigint, text, smallint, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._classify_rows(aegis.target_fragments, bigint, text, smallint, text) FROM PUBLIC;
