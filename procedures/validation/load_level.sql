-- load_level: the load level in force.
--
-- Call     SELECT aegis.load_level();
-- Role     aegis_reader
-- Locks    none
-- Raises   nothing
-- Repeat   changes nothing
--
-- What a person set, else what was measured, else 0. A measurement too old counts for nothing: whoever measures may
-- have died, and rules must not stay off because of that.

CREATE OR REPLACE FUNCTION aegis.load_level()
RETURNS integer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT CASE
                   WHEN s.override_until > clock_timestamp() THEN s.override_level
                   WHEN s.level > 0 AND s.measured_at > clock_timestamp() - aegis.configuration('aegis.load_stale')::interval
                   THEN s.level
                   ELSE 0
               END
          FROM aegis.load_state AS s
    );
END;
$function$;

COMMENT ON FUNCTION aegis.load_level() IS
'Load level in force, 0 to 3: what a person set, else what was measured not too long ago.';

ALTER FUNCTION aegis.load_level() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.load_level() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.load_level() TO aegis_reader;
