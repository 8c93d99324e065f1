-- run_deferred_checks: make up for checks that were put off, day by day. For the scheduler.
--
-- Call     CALL aegis.run_deferred_checks();
--          CALL aegis.run_deferred_checks(p_days => 1, p_despite_load => TRUE);
-- Role     aegis_operator
-- Locks    the rows of aegis.deferred_checks it pays; rows that another session pays are left to it
-- Raises   AEV72  the load is high, or the number of days makes no sense
-- Repeat   each call goes on with the next days; a check is made up for once, what a crash interrupts is undone
--
-- A day is judged as a whole, so one run pays for all batches of the day that were put off before it.

CREATE OR REPLACE PROCEDURE aegis.run_deferred_checks(p_days integer DEFAULT 5, p_despite_load boolean DEFAULT FALSE)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_first aegis.deferred_checks;
    v_ids bigint [];
    v_date date;
BEGIN
    IF (p_days BETWEEN 1 AND 10000) IS NOT TRUE OR (aegis.load_level() > 0 AND p_despite_load IS NOT TRUE) THEN
        RAISE EXCEPTION 'checks of % days are not made up for now', coalesce(p_days::text, 'null')
            USING ERRCODE = 'AEV72',
                  DETAIL = format('The load level is %s.', aegis.load_level()),
                  HINT = 'Wait until it is 0, or pass p_despite_load; p_days is 1 to 10,000.';
    END IF;

    SELECT d.* INTO v_first
      FROM aegis.deferred_checks AS d
     WHERE d.checked_at IS NULL
     ORDER BY d.trade_date_from, d.deferred_check_id
     LIMIT 1
       FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- All batches whose days lie within those to be judged now; of the first one all days, however many.
    v_ids := ARRAY(
        SELECT d.deferred_check_id
          FROM aegis.deferred_checks AS d
         WHERE d.checked_at IS NULL
           AND d.trade_date_from >= v_first.trade_date_from
           AND d.trade_date_to <= greatest(v_first.trade_date_to, v_first.trade_date_from + p_days - 1)
         ORDER BY d.deferred_check_id
           FOR UPDATE SKIP LOCKED
    );

    FOR v_date IN
        SELECT DISTINCT c.trade_date
          FROM aegis.deferred_checks AS d
          JOIN aegis.trading_calendar AS c
            ON c.trade_date BETWEEN d.trade_date_from AND d.trade_date_to
           AND (c.is_open OR d.trade_date_from = d.trade_date_to)
         WHERE d.deferred_check_id = ANY (v_ids)
         ORDER BY 1
    LOOP
        PERFORM aegis.validate_trading_day(v_date);
    END LOOP;

    UPDATE aegis.deferred_checks AS d
       SET checked_at = clock_timestamp(),
           checked_by = SESSION_USER
     WHERE d.deferred_check_id = ANY (v_ids);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.run_deferred_checks(integer, boolean) IS -- noqa: LT01
'Judges the days of batches whose checks were put off, each batch once; raises AEV72.';

ALTER PROCEDURE aegis.run_deferred_checks(integer, boolean) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.run_deferred_checks(integer, boolean) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.run_deferred_checks(integer, boolean) TO aegis_operator;
