-- _placeholders: the names in braces of a text, sorted, each once. A CHECK of aegis.alert_templates relies on it.

CREATE OR REPLACE FUNCTION aegis._placeholders(p_template text)
RETURNS text []
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY(
        SELECT DISTINCT m.part[1] COLLATE "C"
          FROM regexp_matches(p_template, '\{([^{}]*)\}', 'g') AS m (part)
         ORDER BY 1
    )
$function$;

COMMENT ON FUNCTION aegis._placeholders(text) IS -- noqa: LT01
'Names in braces of a text, sorted by bytes, each once.';

ALTER FUNCTION aegis._placeholders(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._placeholders(text) FROM PUBLIC;
