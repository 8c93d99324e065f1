-- The number of a writing act that is no batch: a soft delete, a correction, a recovery.

CREATE OR REPLACE FUNCTION aegis_guard._next_batch_number()
RETURNS bigint
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT nextval('aegis.batch_numbers'::regclass);
$function$;

COMMENT ON FUNCTION aegis_guard._next_batch_number() IS
'Next number of aegis.batch_numbers, for a writing act that is no batch.';

ALTER FUNCTION aegis_guard._next_batch_number() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._next_batch_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard._next_batch_number() TO aegis_owner;
