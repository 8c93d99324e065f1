-- override_trading_day: say what a day of the calendar is, against its source.
--
-- Call     CALL aegis.override_trading_day('2026-08-18', false, 'temporary holiday, KRX notice of 11 August');
--          CALL aegis.override_trading_day('2027-11-18', true, 'university entrance exam', '10:00', '16:30');
-- Role     aegis_operator
-- Locks    the day's row, until the caller's transaction ends
-- Raises   AEK40  the reason is blank
--          AEK41  the day is missing or infinite, or it is not said whether it is open
--          AEK42  the hours do not fit: given for a closed day, or opening after closing
-- Repeat   idempotent: a day that is so already, for this reason, changes nothing

CREATE OR REPLACE PROCEDURE aegis.override_trading_day(
    p_date date,
    p_is_open boolean,
    p_reason text,
    p_opens time DEFAULT NULL,
    p_closes time DEFAULT NULL,
    p_venue text DEFAULT 'XKRX'
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_opens time := CASE WHEN p_is_open THEN coalesce(p_opens, '09:00') END;
    v_closes time := CASE WHEN p_is_open THEN coalesce(p_closes, '15:30') END;
BEGIN
    IF p_reason IS NULL OR btrim(p_reason) = '' THEN
        RAISE EXCEPTION 'an override of % needs a reason', p_date
            USING ERRCODE = 'AEK40',
                  HINT = 'Pass a non-blank p_reason.';
    ELSIF p_date IS NULL OR NOT isfinite(p_date) OR p_is_open IS NULL OR p_venue IS NULL THEN
        RAISE EXCEPTION 'an override needs a day, a venue and whether it is open'
            USING ERRCODE = 'AEK41',
                  HINT = 'Pass p_date and p_is_open.';
    ELSIF NOT p_is_open AND (p_opens IS NOT NULL OR p_closes IS NOT NULL) THEN
        RAISE EXCEPTION 'a closed day has no hours'
            USING ERRCODE = 'AEK42',
                  DETAIL = format('%s was to be closed, with hours.', p_date),
                  HINT = 'Leave p_opens and p_closes out.';
    ELSIF v_opens >= v_closes OR v_closes = '24:00' THEN
        RAISE EXCEPTION 'the session of % cannot last from % to %', p_date, v_opens, v_closes
            USING ERRCODE = 'AEK42',
                  HINT = 'Pass p_opens before p_closes, both within the day (KST).';
    END IF;

    INSERT INTO aegis.trading_calendar AS c (
        venue, trade_date, is_open, opens_at, closes_at, day_kind, calendar_source, note
    )
    VALUES (
        p_venue,
        p_date,
        p_is_open,
        (p_date + v_opens) AT TIME ZONE 'Asia/Seoul',
        (p_date + v_closes) AT TIME ZONE 'Asia/Seoul',
        CASE
            WHEN NOT p_is_open AND extract(ISODOW FROM p_date) > 5 THEN 'weekend'
            WHEN NOT p_is_open THEN 'closure'
            WHEN (v_opens, v_closes) = ('09:00', '15:30') THEN 'regular'
            WHEN v_opens > '09:00' AND v_closes = '15:30' THEN 'late_open'
            WHEN v_opens > '09:00' AND v_closes > '15:30' THEN 'late_session'
            ELSE 'special'
        END,
        'override',
        p_reason
    )
    ON CONFLICT (venue, trade_date) DO UPDATE
       SET is_open = EXCLUDED.is_open,
           opens_at = EXCLUDED.opens_at,
           closes_at = EXCLUDED.closes_at,
           day_kind = EXCLUDED.day_kind,
           calendar_source = EXCLUDED.calendar_source,
           note = EXCLUDED.note,
           data_version = c.data_version + 1,
           last_updated = EXCLUDED.last_updated,
           updated_by = EXCLUDED.updated_by
     WHERE (c.is_open, c.opens_at, c.closes_at, c.calendar_source, c.note)
           IS DISTINCT FROM
           (EXCLUDED.is_open, EXCLUDED.opens_at, EXCLUDED.closes_at, EXCLUDED.calendar_source, EXCLUDED.note);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.override_trading_day(date, boolean, text, time, time, text) IS -- noqa: LT01
'Says what a day of the calendar is, against its source; no refill takes it back. Raises AEK40, AEK41 or AEK42.';

ALTER PROCEDURE aegis.override_trading_day(date, boolean, text, time, time, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.override_trading_day(date, boolean, text, time, time, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.override_trading_day(date, boolean, text, time, time, text) TO aegis_operator;
