-- What a sealed table and its archives hold for each day of a range: rows, and SHA-256 over the SHA-256s of 256 heaps of
-- rows by their hash, each in key order: a day of ticks is more than fits into one value. No row for a day without any. Retention moves a partition and writes no row, so its days stay as they
-- were. With the rights of the owner of the data, so that no code on the table runs with those of the guard.

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
DECLARE
    v_keys text := (SELECT string_agg(format('t.%I', k.name), ', ' ORDER BY k.place)
                      FROM unnest(p_format.key_columns) WITH ORDINALITY AS k (name, place));
    v_sources text;
BEGIN
    SELECT string_agg(
               format('SELECT %s AS day, %s AS bytes, %s FROM %s AS t WHERE %s', p_format.row_bucket, p_format.row_bytes, v_keys, r.relation,
                      -- The bare column, so that partitions are pruned.
                      CASE WHEN p_format.row_bucket LIKE '% AT TIME ZONE %'
                           THEN format('t.%I >= $1::timestamp AT TIME ZONE ''Asia/Seoul'' '
                                       'AND t.%1$I < ($2 + 1)::timestamp AT TIME ZONE ''Asia/Seoul''', p_format.bucket_column)
                           WHEN p_from = p_until THEN format('t.%I = $1', p_format.bucket_column)
                           ELSE format('t.%I BETWEEN $1 AND $2', p_format.bucket_column)
                      END),
               ' UNION ALL ')
      INTO v_sources
      FROM (
        SELECT format('%I.%I', p_format.schema_name, p_format.table_name) AS relation
        UNION ALL
        SELECT format('%I.%I', n.nspname, c.relname)
          FROM aegis.archived_partitions AS a
          JOIN pg_namespace AS n ON n.nspname = 'aegis_archive'
          JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = a.archive_name
         WHERE (a.schema_name, a.table_name) = (p_format.schema_name, p_format.table_name)
           AND a.lower_bound <= p_until
           AND a.upper_bound > p_from
           -- Archived before the columns of this format came: it has no rows of it.
           AND NOT EXISTS (
                   SELECT FROM unnest(p_format.column_names) AS o (name)
                    WHERE NOT EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attname = o.name)
               )
     ) AS r;

    -- Sorted below the grouping, once for all days. A key can be in the table and in an archive.
    RETURN QUERY EXECUTE format(
        'SELECT h.day, sum(h.row_count)::bigint, sha256(string_agg(h.digest, '''' ORDER BY h.heap))
           FROM (
            SELECT r.day, r.heap, count(*) AS row_count, sha256(string_agg(r.bytes, '''')) AS digest
              FROM (
                SELECT t.*, hash_array_extended(ARRAY[t.bytes], 0) & 255 AS heap
                  FROM (%s) AS t
                 ORDER BY t.day, heap, %s, t.bytes
              ) AS r
             GROUP BY r.day, r.heap
          ) AS h
          GROUP BY h.day',
        v_sources, v_keys)
      USING p_from, p_until;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) IS -- noqa: LT01
'Rows of a sealed table and its archives on each day of a range, and SHA-256 over them in key order.';

-- A new owner must be able to create in the schema, for the moment.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard._day_digests(aegis.seal_formats, date, date) FROM PUBLIC;
