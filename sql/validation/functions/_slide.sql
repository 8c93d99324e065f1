-- _slide: a sorted array with one value more and another one less, either of them null for none; step of the aggregate
-- aegis._sliding_values.

CREATE OR REPLACE FUNCTION aegis._slide(
    p_sorted double precision [],
    p_value double precision,
    p_former double precision
)
RETURNS double precision []
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
AS $function$
DECLARE
    v_place integer := width_bucket(p_value, p_sorted);
    v_former integer := width_bucket(p_former, p_sorted);
BEGIN
    IF v_former <= v_place THEN
        RETURN p_sorted[:v_former - 1] || p_sorted[v_former + 1:v_place] || p_value || p_sorted[v_place + 1:];
    ELSIF v_former > v_place THEN
        RETURN p_sorted[:v_place] || p_value || p_sorted[v_place + 1:v_former - 1] || p_sorted[v_former + 1:];
    ELSIF v_place IS NOT NULL THEN
        RETURN p_sorted[:v_place] || p_value || p_sorted[v_place + 1:];
    ELSIF v_former IS NOT NULL THEN
        RETURN p_sorted[:v_former - 1] || p_sorted[v_former + 1:];
    END IF;
    RETURN p_sorted;
END;
$function$;

COMMENT ON FUNCTION aegis._slide(double precision [], double precision, double precision) IS -- noqa: LT01
'The sorted array with a value added in its place and one occurrence of a former value taken out.';

ALTER FUNCTION aegis._slide(double precision [], double precision, double precision) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._slide(double precision [], double precision, double precision) FROM PUBLIC;
