-- _put_aside: keep the rows of a stage that have a reason as dead letters.

CREATE OR REPLACE FUNCTION aegis._put_aside(
    p_sql aegis.target_fragments,
    p_batch_number bigint,
    p_raw boolean,
    OUT quarantined bigint,
    OUT rejected bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format(
        $sql$WITH kept AS (
                INSERT INTO aegis.dead_letters (
                    batch_number, target, line_number, verdict, reason, rule_version, sqlstate, is_raw, fields, payload,
                    payload_bytes
                )
                SELECT $1, $2, s.line_number,
                       coalesce(r.verdict, CASE WHEN s.reason ~ '^(unparsable_|malformed_line$|broken_text$|refused_by_table$)'
                                                THEN 'rejected' ELSE 'quarantined' END),
                       s.reason, r.rule_version, s.sqlstate, $3, f.fields,
                       CASE WHEN s.payload_bytes IS NULL THEN coalesce(s.payload, f.fields::text) ELSE s.payload END,
                       s.payload_bytes
                  FROM %s AS s
                 CROSS JOIN LATERAL (%s) AS f (fields)
                  LEFT JOIN aegis.ingest_rules AS r ON r.target = $2 AND r.reason = s.reason
                 WHERE s.reason IS NOT NULL
                 ORDER BY s.line_number
                RETURNING verdict
             )
             SELECT count(*) FILTER (WHERE k.verdict = 'quarantined'), count(*) FILTER (WHERE k.verdict = 'rejected')
               FROM kept AS k$sql$,
        p_sql.stage,
        CASE WHEN p_raw
             THEN format('SELECT to_jsonb(o) - ''{line_number,payload,payload_bytes}''::text [] FROM pg_temp.%I AS o WHERE o.ctid = s.raw_place',
                         'stage_' || p_sql.target || '_raw')
             ELSE format('SELECT to_jsonb(i) - coalesce(s.filled, ''{}'') FROM (SELECT %s) AS i',
                         's.' || replace(p_sql.input_columns, ', ', ', s.')) END)
       INTO quarantined, rejected
      USING p_batch_number, p_sql.target, p_raw;
END;
$function$;

COMMENT ON FUNCTION aegis._put_aside(aegis.target_fragments, bigint, boolean) IS -- noqa: LT01
'Records the rows of a stage that have a reason as dead letters; returns their number by verdict.';

ALTER FUNCTION aegis._put_aside(aegis.target_fragments, bigint, boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._put_aside(aegis.target_fragments, bigint, boolean) FROM PUBLIC;
