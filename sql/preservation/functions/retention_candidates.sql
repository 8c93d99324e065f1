-- retention_candidates: the partitions whose bounds are past their term, and what keeps each of
-- them. Reads those partitions; the younger ones are not touched.

CREATE OR REPLACE FUNCTION aegis.retention_candidates(p_table regclass DEFAULT NULL)
RETURNS TABLE (
    partition regclass,
    parent regclass,
    lower_bound date,
    upper_bound date,
    newest_event_on date,
    due_on date,
    is_due boolean,
    obstacle_code text,
    obstacle text
)
LANGUAGE plpgsql
ROWS 20
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT b.partition, t.relation, b.lower_bound, b.upper_bound, j.newest_event_on, j.due_on,
           j.obstacle IS NULL, j.obstacle_code, j.obstacle
      FROM (SELECT format('aegis.%I', p.table_name)::regclass AS relation FROM aegis.partition_policies AS p) AS t
     CROSS JOIN LATERAL aegis_guard._retention_policy(t.relation) AS y
     CROSS JOIN LATERAL aegis.partition_bounds(t.relation) AS b
     CROSS JOIN LATERAL aegis_guard._judge_partition(b.partition) AS j
     WHERE (p_table IS NULL OR t.relation = p_table)
       AND NOT b.is_default
       AND aegis_guard._is_past_term(
               b.lower_bound, y.keep_term, (transaction_timestamp() AT TIME ZONE 'Asia/Seoul')::date
           )
     ORDER BY b.upper_bound, t.relation::text;
END;
$function$;

COMMENT ON FUNCTION aegis.retention_candidates(regclass) IS -- noqa: LT01
'Partitions whose bounds are past their retention term, whether they may be archived, and if not, why.';

ALTER FUNCTION aegis.retention_candidates(regclass) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis.retention_candidates(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.retention_candidates(regclass) TO aegis_reader;
