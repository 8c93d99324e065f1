-- _breaker_lock: the advisory lock of a circuit breaker; who holds it is the one probe in flight.

CREATE OR REPLACE FUNCTION aegis._breaker_lock(p_scope text, p_subject text)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT hashtextextended(format('aegis breaker %s %s', p_scope, p_subject), 0)
$function$;

COMMENT ON FUNCTION aegis._breaker_lock(text, text) IS -- noqa: LT01
'Key of the advisory lock that the one probe in flight of a circuit breaker holds.';

ALTER FUNCTION aegis._breaker_lock(text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._breaker_lock(text, text) FROM PUBLIC;
