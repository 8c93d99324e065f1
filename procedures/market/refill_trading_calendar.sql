-- refill_trading_calendar: take in the calendar of a source; overrides stay as they are.
--
-- Call     SELECT * FROM aegis.refill_trading_calendar(
--              ARRAY[ROW('2028-01-01', false, NULL, NULL, 'weekend')]::aegis.trading_day_input[],
--              p_source => 'exchange_calendars 4.13.2');
-- Role     aegis_operator, aegis_ingest
-- Locks    the rows it changes, in order of date, until the caller's transaction ends
-- Raises   AEK43  the source is blank or calls itself override
--          AEK44  a row has no day, comes twice, or contradicts itself
-- Repeat   idempotent: a day that is so already is unchanged

CREATE OR REPLACE FUNCTION aegis.refill_trading_calendar(
    p_rows aegis.trading_day_input [],
    p_source text,
    p_venue text DEFAULT 'XKRX',
    OUT inserted integer,
    OUT updated integer,
    OUT unchanged integer,
    OUT kept integer
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_bad record;
BEGIN
    IF coalesce(btrim(p_source), '') IN ('', 'override') THEN
        RAISE EXCEPTION 'a calendar cannot come from source %', coalesce(quote_literal(p_source), 'null')
            USING ERRCODE = 'AEK43',
                  HINT = 'Name the source and its version; overrides go through aegis.override_trading_day.';
    END IF;

    -- What the table would refuse, with the day in the message.
    SELECT r.trade_date, count(*) > 1 AS is_repeated
      INTO v_bad
      FROM unnest(p_rows) AS r
     GROUP BY r.trade_date
    HAVING r.trade_date IS NULL
        OR NOT isfinite(r.trade_date)
        OR count(*) > 1
        OR NOT coalesce(bool_and(
               r.is_open = (r.day_kind IN ('regular', 'late_open', 'late_session', 'special'))
               AND (r.is_open OR r.day_kind IN ('weekend', 'holiday', 'closure'))
               AND r.is_open = (r.opens_at IS NOT NULL)
               AND r.is_open = (r.closes_at IS NOT NULL)
               AND coalesce(
                       r.opens_at < r.closes_at
                       AND (r.opens_at AT TIME ZONE 'Asia/Seoul')::date = r.trade_date
                       AND (r.closes_at AT TIME ZONE 'Asia/Seoul')::date = r.trade_date,
                       NOT r.is_open
                   )
           ), false)
     ORDER BY r.trade_date
     LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'the calendar of % is not consistent on %',
                        p_source, coalesce(v_bad.trade_date::text, 'a day without date')
            USING ERRCODE = 'AEK44',
                  DETAIL = CASE WHEN v_bad.is_repeated THEN 'The day comes more than once.'
                                ELSE 'Day, kind, hours and is_open contradict each other.' END,
                  HINT = 'Pass each day once; open days with hours within the day (KST), closed days without.';
    END IF;

    WITH applied AS (
        INSERT INTO aegis.trading_calendar AS c (
            venue, trade_date, is_open, opens_at, closes_at, day_kind, calendar_source
        )
        SELECT p_venue, r.trade_date, r.is_open, r.opens_at, r.closes_at, r.day_kind, p_source
          FROM unnest(p_rows) AS r
         ORDER BY r.trade_date
        ON CONFLICT (venue, trade_date) DO UPDATE
           SET is_open = EXCLUDED.is_open,
               opens_at = EXCLUDED.opens_at,
               closes_at = EXCLUDED.closes_at,
               day_kind = EXCLUDED.day_kind,
               calendar_source = EXCLUDED.calendar_source,
               data_version = c.data_version + 1,
               last_updated = EXCLUDED.last_updated,
               updated_by = EXCLUDED.updated_by
         WHERE c.calendar_source <> 'override'
           AND (c.is_open, c.opens_at, c.closes_at, c.day_kind)
               IS DISTINCT FROM
               (EXCLUDED.is_open, EXCLUDED.opens_at, EXCLUDED.closes_at, EXCLUDED.day_kind)
        RETURNING c.data_version
    )
    SELECT count(*) FILTER (WHERE a.data_version = 1), count(*) FILTER (WHERE a.data_version > 1)
      INTO inserted, updated
      FROM applied AS a;

    SELECT count(*)
      INTO kept
      FROM unnest(p_rows) AS r
      JOIN aegis.trading_calendar AS c ON c.venue = p_venue AND c.trade_date = r.trade_date
     WHERE c.calendar_source = 'override';

    unchanged := coalesce(cardinality(p_rows), 0) - inserted - updated - kept;
END;
$function$;

COMMENT ON FUNCTION aegis.refill_trading_calendar(aegis.trading_day_input [], text, text) IS -- noqa: LT01
'Takes in days of a source; counts those inserted, updated, unchanged and kept as overridden; raises AEK43 or AEK44.';

ALTER FUNCTION aegis.refill_trading_calendar(aegis.trading_day_input [], text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.refill_trading_calendar(aegis.trading_day_input [], text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.refill_trading_calendar(aegis.trading_day_input [], text, text)
TO aegis_operator, aegis_ingest;
