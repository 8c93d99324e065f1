-- Count and digest of the rows of a request in the vault. The same as aegis.rows_digest gave for
-- them in their table: a row of texts has the text of the row itself.

CREATE OR REPLACE FUNCTION aegis_guard._vault_digest(
    p_request_id bigint,
    OUT row_count bigint,
    OUT digest bytea
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns integer := (
        SELECT cardinality(q.column_names) FROM aegis.deletion_requests AS q WHERE q.request_id = p_request_id
    );
BEGIN
    EXECUTE format(
        $sql$SELECT coalesce(sum(b.row_count), 0),
                    sha256(coalesce(string_agg(b.digest, '' ORDER BY b.bucket), ''))
               FROM (SELECT get_byte(h.hash, 0) AS bucket,
                            count(*) AS row_count,
                            sha256(string_agg(h.hash, '' ORDER BY h.hash)) AS digest
                       FROM (SELECT sha256(convert_to(ROW(%s)::text, 'UTF8')) AS hash
                               FROM aegis_guard.deletion_vault AS v
                              WHERE v.request_id = $1) AS h
                      GROUP BY get_byte(h.hash, 0)) AS b$sql$,
        (SELECT string_agg(format('v.row_values[%s]', c.number), ', ' ORDER BY c.number)
           FROM generate_series(1, v_columns) AS c (number)))
       INTO row_count, digest
      USING p_request_id;
END;
$function$;

COMMENT ON FUNCTION aegis_guard._vault_digest(bigint) IS -- noqa: LT01
'Count and digest of the rows of a request in the vault, comparable with aegis.rows_digest.';

ALTER FUNCTION aegis_guard._vault_digest(bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._vault_digest(bigint) FROM PUBLIC;
