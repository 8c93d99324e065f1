-- is_trading_day: whether the venue has a session that day; null when the calendar does not know.

CREATE OR REPLACE FUNCTION aegis.is_trading_day(
    p_date date,
    p_venue text DEFAULT 'XKRX'
)
RETURNS boolean
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.is_open
      FROM aegis.trading_calendar AS c
     WHERE c.venue = p_venue
       AND c.trade_date = p_date
$function$;

COMMENT ON FUNCTION aegis.is_trading_day(date, text) IS -- noqa: LT01
'Whether the venue has a session that day (KST); null when the calendar does not know the day.';

ALTER FUNCTION aegis.is_trading_day(date, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.is_trading_day(date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.is_trading_day(date, text) TO aegis_reader;
