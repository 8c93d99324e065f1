-- _read_document: a message as text and as a JSON object; null where it is none.

CREATE OR REPLACE FUNCTION aegis._read_document(
    p_message bytea,
    OUT message_text text,
    OUT document jsonb
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    message_text := convert_from(p_message, 'UTF8');
    document := message_text::jsonb;
    IF jsonb_typeof(document) <> 'object' THEN
        document := NULL;
    END IF;
EXCEPTION
    WHEN character_not_in_repertoire OR untranslatable_character OR invalid_text_representation
        OR program_limit_exceeded OR data_exception
    THEN
        document := NULL;
END;
$function$;

COMMENT ON FUNCTION aegis._read_document(bytea) IS -- noqa: LT01
'Text of a message, null when it is no UTF-8, and its JSON object, null when it is none.';

ALTER FUNCTION aegis._read_document(bytea) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._read_document(bytea) FROM PUBLIC;
