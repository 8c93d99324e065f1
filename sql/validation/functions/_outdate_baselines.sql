-- _outdate_baselines: facts about codes have changed in this batch, so the baselines that state them are stale;
-- registered in aegis.ingest_checks. Events and actions matter from their day on. The list of stocks comes whole every day,
-- so there only codes count whose latest baseline states another market or listing, and all of their baselines.

CREATE OR REPLACE FUNCTION aegis._outdate_baselines(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM aegis._lock_baselines(FALSE);
    EXECUTE format(
        'UPDATE aegis.validation_baselines AS n
            SET is_stale = TRUE
           FROM (%s) AS w
          WHERE n.stock_code = w.stock_code
            AND n.trade_date >= w.since
            AND NOT n.is_stale',
        CASE p_target
            WHEN 'stocks' THEN format(
                'SELECT w.stock_code, ''-infinity''::date AS since
                   FROM %s AS w
                  CROSS JOIN LATERAL (
                    SELECT k.* FROM aegis.validation_baselines AS k WHERE k.stock_code = w.stock_code ORDER BY k.trade_date DESC LIMIT 1
                  ) AS k
                  CROSS JOIN LATERAL aegis._market_facts(k.stock_code, k.trade_date, k.previous_date) AS f
                  WHERE w.reason IS NULL
                    AND (f.market, f.listing_state, f.is_first_day) IS DISTINCT FROM (k.market, k.listing_state, k.is_first_day)', p_work)
            ELSE format('SELECT w.stock_code, min(w.%I) AS since FROM %s AS w WHERE w.reason IS NULL GROUP BY 1',
                        CASE p_target WHEN 'market_events' THEN 'starts_on' ELSE 'effective_on' END, p_work)
        END);
END;
$function$;

COMMENT ON FUNCTION aegis._outdate_baselines(text, text, bigint, regclass) IS -- noqa: LT01
'Marks the baselines of the codes of a batch of market facts as stale, from the first day concerned.';

ALTER FUNCTION aegis._outdate_baselines(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._outdate_baselines(text, text, bigint, regclass) FROM PUBLIC;
