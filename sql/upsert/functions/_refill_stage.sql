-- Trigger function before INSERT into a stage that is spent: the rows of the batch before go.

CREATE OR REPLACE FUNCTION aegis._refill_stage()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('DELETE FROM %s', TG_RELID::regclass);       -- to truncate it is too late
    PERFORM set_config('aegis.stage_' || TG_RELID, 'refilled', TRUE);
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis._refill_stage() IS
'Removes the rows of the batch before, when a stage is filled again in one transaction.';

ALTER FUNCTION aegis._refill_stage() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._refill_stage() FROM PUBLIC;
