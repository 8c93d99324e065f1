-- trading_day_before: the last session before a day; null when the calendar does not know the
-- days between, because a session could hide among them.

CREATE OR REPLACE FUNCTION aegis.trading_day_before(
    p_date date,
    p_venue text DEFAULT 'XKRX'
)
RETURNS date
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.trade_date
      FROM (
        SELECT c.trade_date
          FROM aegis.trading_calendar AS c
         WHERE c.venue = p_venue
           AND c.trade_date < p_date
           AND c.is_open
         ORDER BY c.trade_date DESC
         LIMIT 1
      ) AS s
     WHERE p_date - s.trade_date = (
        SELECT count(*)
          FROM aegis.trading_calendar AS k
         WHERE k.venue = p_venue
           AND k.trade_date >= s.trade_date
           AND k.trade_date < p_date
     )
$function$;

COMMENT ON FUNCTION aegis.trading_day_before(date, text) IS -- noqa: LT01
'Last session of the venue before a day (KST); null when the calendar does not know every day between.';

ALTER FUNCTION aegis.trading_day_before(date, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.trading_day_before(date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.trading_day_before(date, text) TO aegis_reader;
