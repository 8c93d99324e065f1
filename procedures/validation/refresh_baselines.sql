-- refresh_baselines: compute what the bars of a session will be judged by; once a day, after the close of the one before.
--
-- Call     CALL aegis.refresh_baselines('2026-11-27');
-- Role     aegis_operator
-- Locks    the baselines of that day, and batches of daily bars, events and corporate actions wait, until the caller's
--          transaction ends; waits for those under way
-- Raises   AEV07  the day is missing or infinite
-- Repeat   idempotent: computed again from what is stored now

CREATE OR REPLACE PROCEDURE aegis.refresh_baselines(
    p_date date
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
BEGIN
    IF p_date IS NULL OR NOT isfinite(p_date) THEN
        RAISE EXCEPTION 'there are no baselines of %', coalesce(p_date::text, 'null')
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass a finite trading date.';
    END IF;
    PERFORM aegis._refresh_baselines(p_date, p_date);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.refresh_baselines(date) IS -- noqa: LT01
'Computes the baselines that the bars of a session are judged by; raises AEV07.';

ALTER PROCEDURE aegis.refresh_baselines(date) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.refresh_baselines(date) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.refresh_baselines(date) TO aegis_operator;
