-- What a sealed table holds for each day of a range: rows and SHA-256 over their bytes in key order; no row
-- for a day without any. With the rights of the owner of the data, so that no code on the table
-- runs with those of the guard.

CREATE OR REPLACE FUNCTION aegis_guard._day_digests(
    p_format aegis.seal_formats,
    p_from date,
    p_until date
)
RETURNS TABLE (
    day date,
    row_count bigint,
    digest bytea
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_encoding = 'UTF8'
SET jit = off
SET work_mem = '64MB'
AS $function$
BEGIN
    -- Sorted below the grouping, once for all days. The bare column, so that partitions are pruned.
    RETURN QUERY EXECUTE format(
        'SELECT r.day, count(*), sha256(string_agg(r.bytes, ''''))
           FROM (SELECT %1$s AS day, %2$s AS bytes FROM %3$I.%4$I AS t WHERE %5$s ORDER BY %1$s, %6$s) AS r
          GROUP BY r.day',
        p_format.row_bucket, p_format.row_bytes, p_format.schema_name, p_format.table_name,
        CASE WHEN p_format.row_bucket LIKE '% AT TIME ZONE %'
             THEN format('t.%I >= $1::timestamp AT TIME ZONE ''Asia/Seoul'' AND t.%1$I < ($2 + 1)::timestamp AT TIME ZONE ''Asia/Seoul''',
                         p_format.bucket_column)
             WHEN p_from = p_until THEN format('t.%I = $1', p_format.bucket_column)
             ELSE format('t.%I BETWEEN $1 AND $2', p_format.bucket_column)
        END,
        (SELECT string_agg(format('t.%I', k.name), ', ' ORDER BY k.place)
           FROM unnest(p_format.key_columns) WITH ORDINALITY AS k (name, place)))
      USING p_from, p_until;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) IS -- noqa: LT01
'Rows of a sealed table on each day of a range, and SHA-256 over them in key order.';

-- A new owner must be able to create in the schema, for the moment.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) FROM PUBLIC;
