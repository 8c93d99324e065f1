-- _parse_bigint: the whole number written in a text; null when it is none.
-- Without SET, so that the planner can inline it; every caller pins the search path.

CREATE OR REPLACE FUNCTION aegis._parse_bigint(p_text text)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT CASE WHEN p_text ~ '^[+-]?[0-9]{1,18}$' THEN p_text::bigint END
$function$;

COMMENT ON FUNCTION aegis._parse_bigint(text) IS -- noqa: LT01
'Whole number of at most 18 digits written in p_text; null when it is none.';

ALTER FUNCTION aegis._parse_bigint(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._parse_bigint(text) FROM PUBLIC;
