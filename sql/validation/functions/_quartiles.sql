-- _quartiles: first and third quartile of a sorted array of p_count values, as numpy and the standard have them: linear
-- between the neighbours.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._quartiles(
    p_sorted double precision [],
    p_count integer
)
RETURNS double precision []
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT ARRAY[
        p_sorted[1 + (p_count - 1) / 4]
            + (p_count - 1) % 4 * 0.25::double precision
              * (p_sorted[least(2 + (p_count - 1) / 4, p_count)] - p_sorted[1 + (p_count - 1) / 4]),
        p_sorted[1 + 3 * (p_count - 1) / 4]
            + 3 * (p_count - 1) % 4 * 0.25::double precision
              * (p_sorted[least(2 + 3 * (p_count - 1) / 4, p_count)] - p_sorted[1 + 3 * (p_count - 1) / 4])
    ]
$function$;

COMMENT ON FUNCTION aegis._quartiles(double precision [], integer) IS -- noqa: LT01
'First and third quartile of a sorted array, linear; nulls for an empty one.';

ALTER FUNCTION aegis._quartiles(double precision [], integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._quartiles(double precision [], integer) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._quartiles(double precision [], integer) TO aegis_reader;
