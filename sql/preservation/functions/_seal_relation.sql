-- Blocks for rows that no trigger saw: of a partition filled before it was attached, or moved there.
-- With p_kind tombstone the opposite: the rows are about to leave for good, by a legal way.
-- p_table is the sealed table, its history, or an archived partition of either; p_relation holds
-- rows of it; p_condition speaks of them as r.

CREATE OR REPLACE FUNCTION aegis_guard._seal_relation(
    p_table regclass,
    p_relation regclass,
    p_kind text DEFAULT 'block',
    p_condition text DEFAULT 'TRUE'
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_encoding = 'UTF8'
AS $function$
DECLARE
    v_format aegis.seal_formats;
    v_rows bigint := 0;
BEGIN
    v_format := aegis_guard._seal_format(p_table);

    IF v_format.table_name IS NULL OR p_kind NOT IN ('block', 'tombstone') THEN
        RETURN 0;
    END IF;

    EXECUTE format(
        $sql$
        SELECT coalesce(sum(cardinality(b.hashes)), 0), count(aegis_guard._record_block(
                   $1, $2, sha256(b.bytes), b.hashes,
                   jsonb_strip_nulls(jsonb_build_object('format', $3, 'operation', 'relation', 'relation', $4,
                                                        'from', b.lowest, 'until', b.highest)),
                   NULL))
          FROM (
            SELECT string_agg(r.bytes, '') AS bytes, array_agg(hash_array_extended(ARRAY[r.bytes], 0)) AS hashes,
                   min(r.bucket) AS lowest, max(r.bucket) AS highest
              FROM (SELECT %s AS bytes, %s AS bucket, (row_number() OVER () - 1) / 32768 AS chunk
                      FROM (SELECT r.* FROM %s AS r WHERE %s) AS t OFFSET 0) AS r
             GROUP BY r.chunk
          ) AS b
        $sql$, v_format.row_bytes, v_format.row_bucket, p_relation, p_condition)
       INTO v_rows
      USING p_kind, format('%I.%I', v_format.schema_name, v_format.table_name), v_format.format_version, p_relation::text;

    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._seal_relation(regclass, regclass, text, text) IS -- noqa: LT01
'Appends blocks or tombstones for rows that no trigger sees; returns how many rows; 0 where the table is not sealed.';

-- A new owner must be able to create in the schema, for the moment.
GRANT CREATE ON SCHEMA aegis_guard TO aegis_owner;
ALTER FUNCTION aegis_guard._seal_relation(regclass, regclass, text, text) OWNER TO aegis_owner;
REVOKE CREATE ON SCHEMA aegis_guard FROM aegis_owner;
REVOKE ALL ON FUNCTION aegis_guard._seal_relation(regclass, regclass, text, text) FROM PUBLIC;
