-- _previous_sessions: each day of a range, open or not, with the last session of the exchange before it.

CREATE OR REPLACE FUNCTION aegis._previous_sessions(
    p_from date,
    p_to date
)
RETURNS TABLE (
    trade_date date,
    previous_session date
)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 366
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before CONSTANT date := (SELECT max(c.trade_date) FROM aegis.trading_calendar AS c
                                WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date < p_from);
BEGIN
    RETURN QUERY
        SELECT g.day::date, coalesce(max(c.trade_date) OVER (ORDER BY g.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), v_before)
          FROM generate_series(p_from::timestamp, p_to::timestamp, INTERVAL '1 day') AS g (day)
          LEFT JOIN aegis.trading_calendar AS c
            ON c.venue = 'XKRX' AND c.trade_date = g.day::date AND c.trade_date BETWEEN p_from AND p_to AND c.is_open;
END;
$function$;

COMMENT ON FUNCTION aegis._previous_sessions(date, date) IS
'Each day of a range with the last session before it (KST); null where the calendar knows none.';

ALTER FUNCTION aegis._previous_sessions(date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._previous_sessions(date, date) FROM PUBLIC;
