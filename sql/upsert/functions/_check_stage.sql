-- _check_stage: refuse a stage that AEGIS did not make.
-- What reads a stage runs as the owner; a view or a trigger of the caller's in its place would run as the owner too.
-- Of a stage that nothing came to since the last batch, the rows of that batch go.

CREATE OR REPLACE FUNCTION aegis._check_stage(p_name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stage oid := to_regclass(format('pg_temp.%I', p_name));
BEGIN
    IF NOT EXISTS (
        SELECT
          FROM pg_class AS r
         WHERE r.oid = v_stage
           AND r.relkind = 'r'
           AND r.relowner = 'aegis_owner'::regrole
           AND NOT (r.relhasrules OR r.relrowsecurity)
           AND NOT EXISTS (
               SELECT FROM pg_trigger AS t WHERE t.tgrelid = r.oid AND t.tgfoid <> 'aegis._refill_stage()'::regprocedure
           )
    ) THEN
        RAISE EXCEPTION 'temporary table % is not a stage of AEGIS', p_name
            USING ERRCODE = 'AEU06',
                  HINT = 'Call aegis.open_stage in this session; drop a relation of that name first.';
    END IF;

    IF current_setting('aegis.stage_' || v_stage, TRUE) = 'spent' THEN
        PERFORM aegis._empty_stage(p_name);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._check_stage(text) IS -- noqa: LT01
'Refuses, with AEU06, a temporary relation that is not a plain table made by aegis.open_stage, and empties one that is spent.';

ALTER FUNCTION aegis._check_stage(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._check_stage(text) FROM PUBLIC;
