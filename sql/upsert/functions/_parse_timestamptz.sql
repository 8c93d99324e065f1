-- _parse_timestamptz: the ISO time with zone written in a text; null when it is none.
-- Without SET, so that the planner can inline it; every caller pins the search path.

CREATE OR REPLACE FUNCTION aegis._parse_timestamptz(p_text text)
RETURNS timestamptz
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $function$
    SELECT CASE
        WHEN p_text ~ ('^[0-9-]+[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?'
                       || '(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)$')
            AND substr(p_text, 11, 1) IN ('T', ' ')
            AND aegis._parse_date(substr(p_text, 1, 10)) IS NOT NULL
            THEN p_text::timestamptz
    END
$function$;

COMMENT ON FUNCTION aegis._parse_timestamptz(text) IS -- noqa: LT01
'Time written as YYYY-MM-DD, T or space, HH:MM[:SS[.ffffff]] and a zone offset or Z in p_text; null when it is none. A time without zone is none.';

ALTER FUNCTION aegis._parse_timestamptz(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._parse_timestamptz(text) FROM PUBLIC;
