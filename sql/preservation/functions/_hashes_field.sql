-- The hashes of a block as one field of the digest of its act. By itself, so that the long text is made once.

CREATE OR REPLACE FUNCTION aegis_guard._hashes_field(p_hashes bigint[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_text text := array_to_string(p_hashes, ' ');
BEGIN
    RETURN aegis_guard._field(v_text);
END;
$function$;

COMMENT ON FUNCTION aegis_guard._hashes_field(bigint []) IS 'Hashes of a block as a field of the digest of its act.';

ALTER FUNCTION aegis_guard._hashes_field(bigint []) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._hashes_field(bigint []) FROM PUBLIC;
