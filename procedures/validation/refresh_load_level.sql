-- refresh_load_level: measure the load and move the level. For the scheduler or the deliverer, every few seconds.
--
-- Call     SELECT aegis.refresh_load_level();
-- Role     aegis_operator
-- Locks    the row of aegis.load_state; who finds it locked leaves it to the other
-- Raises   nothing of its own
-- Repeat   each call measures anew
--
-- Up at once; down one level at a time, when the load has been below aegis.load_hysteresis of its limits for
-- aegis.load_calm. So the level does not flap.

CREATE OR REPLACE FUNCTION aegis.refresh_load_level()
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN aegis._move_load_level(aegis._measured_load());
END;
$function$;

COMMENT ON FUNCTION aegis.refresh_load_level() IS
'Measures the load, moves the level up at once or down slowly, and returns the level in force.';

ALTER FUNCTION aegis.refresh_load_level() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.refresh_load_level() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.refresh_load_level() TO aegis_operator;
