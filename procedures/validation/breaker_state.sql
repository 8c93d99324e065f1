-- breaker_state: state of the circuit breaker of a code, or of its market, whichever is worse.
--
-- Call     SELECT aegis.breaker_state('005930');
-- Role     aegis_reader
-- Locks    none
-- Raises   nothing; null for a code that does not exist
-- Repeat   changes nothing

CREATE OR REPLACE FUNCTION aegis.breaker_state(p_stock_code text)
RETURNS text
LANGUAGE sql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.breaker_state FROM aegis.stock_status AS s WHERE s.stock_code = p_stock_code
$function$;

COMMENT ON FUNCTION aegis.breaker_state(text) IS -- noqa: LT01
'closed, open or half_open for a code; null when there is no such code.';

ALTER FUNCTION aegis.breaker_state(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.breaker_state(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.breaker_state(text) TO aegis_reader;
