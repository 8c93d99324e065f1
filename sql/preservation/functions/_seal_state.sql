-- Appends one baseline; chained to the one before of the same subject.

CREATE OR REPLACE FUNCTION aegis_guard._seal_state(
    p_schema text,
    p_table text,
    p_root text,
    p_fingerprint jsonb,
    p_changes text [],
    p_cause text
)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO aegis_guard.baselines (
        schema_name, table_name, root_name, fingerprint, changes, cause, previous, digest
    )
    SELECT p_schema, p_table, p_root, p_fingerprint, p_changes, p_cause, b.digest,
           sha256(coalesce(b.digest, '') || convert_to(
               jsonb_build_array(p_schema, p_table, p_root, p_fingerprint, p_changes, p_cause, SESSION_USER)::text, 'UTF8'
           ))
      FROM (SELECT 1) AS one
      LEFT JOIN LATERAL (
        SELECT l.digest
          FROM aegis_guard.baselines AS l
         WHERE l.schema_name = p_schema AND l.table_name = p_table
         ORDER BY l.baseline_id DESC
         LIMIT 1
      ) AS b ON TRUE
$function$;

COMMENT ON FUNCTION aegis_guard._seal_state(text, text, text, jsonb, text [], text) IS -- noqa: LT01
'Appends the baseline of one relation, or of the code.';

ALTER FUNCTION aegis_guard._seal_state(text, text, text, jsonb, text [], text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._seal_state(text, text, text, jsonb, text [], text) FROM PUBLIC;
