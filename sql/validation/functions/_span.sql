-- _span: the values from one to another, none where they are the wrong way round: limits of a price in the wrong scale can be.

CREATE OR REPLACE FUNCTION aegis._span(
    p_lowest numeric,
    p_highest numeric
)
RETURNS numrange
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT CASE WHEN p_lowest > p_highest THEN 'empty' ELSE numrange(p_lowest, p_highest, '[]') END
$function$;

COMMENT ON FUNCTION aegis._span(numeric, numeric) IS
'Range of the values between two, both included; null: no bound; empty where they are the wrong way round.';

ALTER FUNCTION aegis._span(numeric, numeric) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._span(numeric, numeric) FROM PUBLIC;
