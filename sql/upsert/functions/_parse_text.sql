-- _parse_text: a text; null when it is empty.
-- Without SET, so that the planner can inline it; every caller pins the search path.

CREATE OR REPLACE FUNCTION aegis._parse_text(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT nullif(p_text, '')
$function$;

COMMENT ON FUNCTION aegis._parse_text(text) IS -- noqa: LT01
'p_text itself; null when it is empty.';

ALTER FUNCTION aegis._parse_text(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._parse_text(text) FROM PUBLIC;
