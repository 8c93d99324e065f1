-- _is_castable: whether a text can be read as a value of a type that has no parser of its own.

CREATE OR REPLACE FUNCTION aegis._is_castable(p_text text, p_type text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_text IS NULL OR p_text = '' THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('SELECT $1::%s', p_type::regtype) USING p_text;
    RETURN TRUE;
EXCEPTION
    WHEN data_exception OR invalid_text_representation OR datetime_field_overflow OR program_limit_exceeded THEN
        RETURN FALSE;
END;
$function$;

COMMENT ON FUNCTION aegis._is_castable(text, text) IS -- noqa: LT01
'Whether p_text is a value of the type named p_type; false for null and the empty text.';

ALTER FUNCTION aegis._is_castable(text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._is_castable(text, text) FROM PUBLIC;
