-- _outdate_by_keys: rows of a table of AEGIS were taken out of use or back, so the baselines that rest on them are stale. A bar
-- matters for 100 days, an event and a corporate action from their day on. Called by aegis.change_activity.

CREATE OR REPLACE FUNCTION aegis._outdate_by_keys(
    p_table regclass,
    p_keys jsonb
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_table NOT IN ('aegis.daily_market_data'::regclass, 'aegis.market_events'::regclass, 'aegis.corporate_actions'::regclass) THEN
        RETURN;
    END IF;

    PERFORM aegis._lock_baselines(FALSE);
    UPDATE aegis.validation_baselines AS n
       SET is_stale = TRUE
      FROM (
        SELECT k.stock_code, min(coalesce(k.trade_date, k.starts_on, k.effective_on)) AS since, max(k.trade_date) + 100 AS until
          FROM jsonb_to_recordset(p_keys) AS k (stock_code text, trade_date date, starts_on date, effective_on date)
         GROUP BY k.stock_code
      ) AS w
     WHERE n.stock_code = w.stock_code
       AND n.trade_date BETWEEN w.since AND coalesce(w.until, 'infinity')
       AND NOT n.is_stale;
END;
$function$;

COMMENT ON FUNCTION aegis._outdate_by_keys(regclass, jsonb) IS -- noqa: LT01
'Marks the baselines that rest on rows of daily_market_data, market_events or corporate_actions as stale.';

ALTER FUNCTION aegis._outdate_by_keys(regclass, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._outdate_by_keys(regclass, jsonb) FROM PUBLIC;
