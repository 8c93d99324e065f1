-- _priorities_through: rules up to which priority run at a load level.

CREATE OR REPLACE FUNCTION aegis._priorities_through(p_level integer)
RETURNS integer
LANGUAGE plpgsql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN CASE p_level WHEN 0 THEN 100 ELSE aegis.configuration('aegis.load_priority_' || p_level)::integer END;
END;
$function$;

COMMENT ON FUNCTION aegis._priorities_through(integer) IS -- noqa: LT01
'Highest number of priority whose rules run at a load level.';

ALTER FUNCTION aegis._priorities_through(integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._priorities_through(integer) FROM PUBLIC;
