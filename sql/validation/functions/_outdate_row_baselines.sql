-- _outdate_row_baselines: a bar was taken out of use or back, or a fact about a code was, or its market or a day of the calendar
-- has changed, whoever changed it: the baselines that rest on it are stale. Trigger function, once per row that changed so.
-- A bar and a session matter for 100 days, an event and an action from their day on, the master data of a code on every day.

CREATE OR REPLACE FUNCTION aegis._outdate_row_baselines()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row CONSTANT jsonb := to_jsonb(NEW);
    v_since CONSTANT date := coalesce(v_row ->> 'trade_date', v_row ->> 'starts_on', v_row ->> 'effective_on', '-infinity')::date;
    v_until CONSTANT date := CASE WHEN v_row ? 'trade_date' THEN v_since + 100 ELSE 'infinity' END;
BEGIN
    IF v_row ? 'stock_code' THEN
        UPDATE aegis.validation_baselines AS n
           SET is_stale = TRUE
         WHERE n.stock_code = v_row ->> 'stock_code'
           AND n.trade_date BETWEEN v_since AND v_until
           AND NOT n.is_stale;
    ELSE
        UPDATE aegis.validation_baselines AS n
           SET is_stale = TRUE
         WHERE n.trade_date BETWEEN v_since AND v_until
           AND NOT n.is_stale;
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis._outdate_row_baselines() IS
'Trigger function: marks the baselines that rest on a changed row as stale.';

ALTER FUNCTION aegis._outdate_row_baselines() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._outdate_row_baselines() FROM PUBLIC;
