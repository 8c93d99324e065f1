-- _parse_date: the ISO date written in a text; null when there is no such day.
-- Without SET, so that the planner can inline it; every caller pins the search path.

CREATE OR REPLACE FUNCTION aegis._parse_date(p_text text)
RETURNS date
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT CASE
        WHEN p_text ~ '^(?:19|2[01])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$'
            AND (
                substr(p_text, 9, 2) <= '28'
                OR substr(p_text, 9, 2)::integer <= extract(DAY FROM
                    make_date(substr(p_text, 1, 4)::integer, substr(p_text, 6, 2)::integer, 1)
                    + INTERVAL '1 month - 1 day')
            )
            THEN make_date(substr(p_text, 1, 4)::integer, substr(p_text, 6, 2)::integer, substr(p_text, 9, 2)::integer)
    END
$function$;

COMMENT ON FUNCTION aegis._parse_date(text) IS -- noqa: LT01
'Day written as YYYY-MM-DD in p_text; null when it is no day of the calendar.';

ALTER FUNCTION aegis._parse_date(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._parse_date(text) FROM PUBLIC;
