-- _severity_rank: order of the severities, 1 info, 2 warning, 3 error, 4 critical; null for anything else.

CREATE OR REPLACE FUNCTION aegis._severity_rank(p_severity text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT array_position(ARRAY['info', 'warning', 'error', 'critical'], p_severity)
$function$;

COMMENT ON FUNCTION aegis._severity_rank(text) IS -- noqa: LT01
'Rank of a severity, from 1 for info to 4 for critical; null when it is none of the four.';

ALTER FUNCTION aegis._severity_rank(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._severity_rank(text) FROM PUBLIC;
