-- configuration: the value of a setting as text; null when there is no such key.
-- In PL/pgSQL for the plan that it keeps: a batch asks a dozen times.

CREATE OR REPLACE FUNCTION aegis.configuration(p_key text)
RETURNS text
LANGUAGE plpgsql
STABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT c.configuration_value
          FROM aegis.system_configurations AS c
         WHERE c.configuration_key = p_key
    );
END;
$function$;

COMMENT ON FUNCTION aegis.configuration(text) IS -- noqa: LT01
'Value of a setting as text, to be cast to its type by the caller; null when the key does not exist.';

ALTER FUNCTION aegis.configuration(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.configuration(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.configuration(text) TO aegis_reader;
