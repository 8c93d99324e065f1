-- The newest sealed state of a relation, or of the code ('', 'code'); null if it has none or has gone by a legal way.

CREATE OR REPLACE FUNCTION aegis_guard._sealed_state(
    p_schema text,
    p_table text
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT b.fingerprint
          FROM aegis_guard.baselines AS b
         WHERE b.schema_name = p_schema AND b.table_name = p_table
         ORDER BY b.baseline_id DESC
         LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION aegis_guard._sealed_state(text, text) IS 'Newest sealed state of a relation or of the code.';

ALTER FUNCTION aegis_guard._sealed_state(text, text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._sealed_state(text, text) FROM PUBLIC;
