-- SHA-256 of values as text, each with its length before it, '-' for null: no two lists of values
-- give the same bytes. Anchors are verified outside of the server with the same few lines.

CREATE OR REPLACE FUNCTION aegis_guard._digest_of(p_values text[])
RETURNS bytea
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT sha256(convert_to(
        string_agg(coalesce(octet_length(convert_to(v.value, 'UTF8')) || ':' || v.value, '-') || ',', '' ORDER BY v.place),
        'UTF8'))
      FROM unnest(p_values) WITH ORDINALITY AS v (value, place);
$function$;

COMMENT ON FUNCTION aegis_guard._digest_of(text []) IS 'SHA-256 of a list of values as text, injective.';

ALTER FUNCTION aegis_guard._digest_of(text []) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._digest_of(text []) FROM PUBLIC;
