-- What a sealed table holds for one day: rows and SHA-256 over their bytes in key order. With the
-- rights of the owner of the data, so that no code on the table runs with those of the guard.

CREATE OR REPLACE FUNCTION aegis_guard._day_digest(
    p_format aegis.seal_formats,
    p_day date,
    OUT row_count bigint,
    OUT digest bytea
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_encoding = 'UTF8'
SET jit = off
AS $function$
BEGIN
    -- The bare column, so that partitions are pruned.
    EXECUTE format(
        'SELECT count(*), sha256(coalesce(string_agg(r.bytes, ''''), ''''))
           FROM (SELECT %s AS bytes FROM %I.%I AS t WHERE %s ORDER BY %s) AS r',
        p_format.row_bytes, p_format.schema_name, p_format.table_name,
        CASE WHEN p_format.row_bucket LIKE '% AT TIME ZONE %'
             THEN format('t.%I >= $1::timestamp AT TIME ZONE ''Asia/Seoul'' AND t.%1$I < ($1 + 1)::timestamp AT TIME ZONE ''Asia/Seoul''',
                         p_format.bucket_column)
             ELSE format('t.%I = $1', p_format.bucket_column)
        END,
        (SELECT string_agg(format('t.%I', k.name), ', ' ORDER BY k.place)
           FROM unnest(p_format.key_columns) WITH ORDINALITY AS k (name, place)))
       INTO row_count, digest
      USING p_day;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._day_digest(aegis.seal_formats, date) IS -- noqa: LT01
'Rows of a sealed table on one day, and SHA-256 over them in key order.';

-- A new owner must be able to create in the schema, for the moment.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard._day_digest(aegis.seal_formats, date) OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard._day_digest(aegis.seal_formats, date) FROM PUBLIC;
