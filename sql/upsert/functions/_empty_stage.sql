-- _empty_stage: take the rows of a batch out of a stage, for another batch of the same transaction.
-- TRUNCATE costs a new file and every plan of the table, more than to delete some thousand rows.

CREATE OR REPLACE FUNCTION aegis._empty_stage(
    p_stage text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stage regclass := format('pg_temp.%I', p_stage);
    v_bytes bigint := pg_relation_size(v_stage);
    v_setting text := 'aegis.stage_' || v_stage::oid;
BEGIN
    IF v_bytes > 256 * 1024 THEN
        EXECUTE format('TRUNCATE %s', v_stage);
    ELSIF v_bytes > 0 THEN
        EXECUTE format('DELETE FROM %s', v_stage);
    END IF;
    IF current_setting(v_setting, TRUE) = 'spent' THEN
        PERFORM set_config(v_setting, 'refilled', TRUE);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._empty_stage(text) IS 'Empties a stage, named without its schema.';

ALTER FUNCTION aegis._empty_stage(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._empty_stage(text) FROM PUBLIC;
