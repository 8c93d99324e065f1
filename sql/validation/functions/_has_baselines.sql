-- _has_baselines: whether each of the bars (a relation) of a range of days has a stored baseline that holds: what it rests on is as it
-- was, and so is the calendar. A row that left or came back by an emergency deletion marks no baseline, so none
-- counts that is not a day younger; nobody keeps such a transaction open for a day.

CREATE OR REPLACE FUNCTION aegis._has_baselines(
    p_bars text,
    p_from date,
    p_to date
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has boolean;
    v_deleted_at CONSTANT timestamptz := coalesce((
        SELECT max(e.happened_at)
          FROM aegis.deletion_events AS e
          JOIN aegis.deletion_requests AS q ON q.request_id = e.request_id
         WHERE q.schema_name = 'aegis'
           AND q.table_name = 'daily_market_data'
    ), '-infinity');
BEGIN
    EXECUTE format(
        'SELECT coalesce(bool_and(coalesce(
                    NOT n.is_stale
                    AND n.lookback_rows = $3
                    AND n.previous_session IS NOT DISTINCT FROM y.previous_session
                    AND n.computed_at > $4 + INTERVAL ''1 day'',
                FALSE)), TRUE)
           FROM %1$s AS d
           JOIN aegis._previous_sessions($1, $2) AS y USING (trade_date)
           LEFT JOIN aegis.validation_baselines AS n
             ON n.trade_date = d.trade_date
            AND n.trade_date BETWEEN %2$L AND %3$L
            AND n.price_basis = d.price_basis
            AND n.stock_code = d.stock_code',
        p_bars, p_from, p_to)
       INTO v_has
      USING p_from, p_to, aegis.configuration('aegis.report_lookback_rows')::integer, v_deleted_at;
    RETURN v_has;
END;
$function$;

COMMENT ON FUNCTION aegis._has_baselines(text, date, date) IS -- noqa: LT01
'Whether each of the bars (a relation) of a range of days has a stored baseline that holds.';

ALTER FUNCTION aegis._has_baselines(text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._has_baselines(text, date, date) FROM PUBLIC;
