-- _lock_baselines: keep those who change what baselines rest on and those who compute them apart, until the transaction
-- ends. Otherwise a bar that is not committed yet would be seen by neither: not by the computation, and the baseline, not there yet,
-- not by the batch that should make it stale. Batches do not wait for each other.

CREATE OR REPLACE FUNCTION aegis._lock_baselines(p_is_computed boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key CONSTANT bigint := hashtextextended('aegis.validation_baselines', 0);
BEGIN
    IF p_is_computed THEN
        PERFORM pg_advisory_xact_lock(v_key);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(v_key);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._lock_baselines(boolean) IS
'Keeps batches that change what baselines rest on apart from those who compute them, until the transaction ends.';

ALTER FUNCTION aegis._lock_baselines(boolean) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._lock_baselines(boolean) FROM PUBLIC;
