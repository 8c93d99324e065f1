-- Count and digest of rows, whatever their order: a row is the sha256 of its columns as text, a
-- bucket the sha256 of the rows that begin with the same byte, in order, the whole the sha256
-- of the buckets. The text depends on no setting: those that matter are fixed here. No key is
-- needed, a duplicate counts, and no step holds more than a 256th of the rows' hashes.
--
-- Runs with the rights of its caller, so that anybody can check a copy of his own: the same
-- rows in a table with the same columns have the same digest.

CREATE OR REPLACE FUNCTION aegis.rows_digest(
    p_relation regclass,
    p_columns text[] DEFAULT NULL,
    p_condition text DEFAULT NULL,
    OUT row_count bigint,
    OUT digest bytea,
    OUT column_names text[]
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmloption = 'content'
SET jit = off
AS $function$
BEGIN
    column_names := coalesce(
        p_columns,
        ARRAY(
            SELECT a.attname::text
              FROM pg_attribute AS a
             WHERE a.attrelid = p_relation
               AND a.attnum > 0
               AND NOT a.attisdropped
               AND a.attgenerated <> 'v'                       -- from 18 on; stored nowhere
             ORDER BY a.attnum
        )
    );

    EXECUTE format(
        $sql$SELECT coalesce(sum(b.row_count), 0),
                    sha256(coalesce(string_agg(b.digest, '' ORDER BY b.bucket), ''))
               FROM (SELECT get_byte(h.hash, 0) AS bucket,
                            count(*) AS row_count,
                            sha256(string_agg(h.hash, '' ORDER BY h.hash)) AS digest
                       FROM (SELECT sha256(convert_to(ROW(%s)::text, 'UTF8')) AS hash
                               FROM %s AS r
                              WHERE %s) AS h
                      GROUP BY get_byte(h.hash, 0)) AS b$sql$,
        (SELECT string_agg(format('r.%I', c.name), ', ' ORDER BY c.position)
           FROM unnest(column_names) WITH ORDINALITY AS c (name, position)),
        p_relation,
        coalesce(p_condition, 'TRUE'))
       INTO row_count, digest;
END;
$function$;

COMMENT ON FUNCTION aegis.rows_digest(regclass, text[], text) IS -- noqa: LT01
'Count and digest of the rows of a relation, independent of their order, of settings and of the server.';

ALTER FUNCTION aegis.rows_digest(regclass, text[], text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.rows_digest(regclass, text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.rows_digest(regclass, text[], text) TO aegis_reader;
