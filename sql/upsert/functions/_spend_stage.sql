-- _spend_stage: be done with the rows of a stage. The commit throws them away for nothing, so they are left to it; only a
-- transaction that fills the stage again pays for that, in the trigger of the stage (_refill_stage), and from then on here.
--
-- The setting aegis.stage_<oid> says how far the transaction is: spent, refilled, or none of them. It goes with a savepoint
-- as the rows do.

CREATE OR REPLACE FUNCTION aegis._spend_stage(
    p_stage text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_setting text := 'aegis.stage_' || format('pg_temp.%I', p_stage)::regclass::oid;
BEGIN
    IF current_setting(v_setting, TRUE) = 'refilled' THEN
        PERFORM aegis._empty_stage(p_stage);
    ELSE
        PERFORM set_config(v_setting, 'spent', TRUE);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._spend_stage(text) IS
'Leaves the rows of a stage, named without its schema, to the commit; or removes them where the transaction fills it again and again.';

ALTER FUNCTION aegis._spend_stage(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._spend_stage(text) FROM PUBLIC;
