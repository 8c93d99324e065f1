-- _quick_look: the query that sets bars beside their baselines and says whether every rule will be silent about them (is_quiet), by a
-- few comparisons with what the baseline has ready. Not true means that the rules must be asked (aegis._judge), not that one of them
-- speaks.
--
-- A rule that brings no text for this is never silent unasked, and none is if limits or thresholds have changed since the baseline.

CREATE OR REPLACE FUNCTION aegis._quick_look(
    p_target text,
    p_bars text,
    p_days text
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($query$
        SELECT b.*,
               NOT b.is_stale
               AND b.quiet_version = %4$s
               AND %5$s
               AND %3$s AS is_quiet
          FROM (
            SELECT *
              FROM %1$s AS d
              JOIN aegis.validation_baselines AS k USING (trade_date, price_basis, stock_code)
              LEFT JOIN (SELECT c.trade_date, c.is_open FROM aegis.trading_calendar AS c WHERE c.venue = 'XKRX' AND c.trade_date %2$s) AS c
             USING (trade_date)
             WHERE k.trade_date %2$s
          ) AS b
        $query$, p_bars, p_days, coalesce(string_agg(r.condition, ' AND '), 'TRUE'), aegis._quiet_version(),
                  CASE p_target
                      WHEN 'stock_prices' THEN
                          'b.close_price BETWEEN b.lowest_quiet_last_price AND b.highest_quiet_last_price
                           AND b.volume BETWEEN b.lowest_quiet_volume_so_far AND b.highest_quiet_volume_so_far'
                      ELSE
                          'b.low_price >= b.lowest_quiet_price
                           AND b.high_price <= b.highest_quiet_price
                           AND b.close_price BETWEEN b.lowest_quiet_close AND b.highest_quiet_close
                           AND b.volume BETWEEN b.lowest_quiet_volume AND b.highest_quiet_volume
                           AND (b.open_price = 0 OR b.open_price BETWEEN b.lowest_quiet_price AND b.highest_quiet_price)
                           AND coalesce(b.base_price = b.previous_close, TRUE)'
                  END)
      FROM (
        SELECT format(CASE WHEN bool_or(num_nulls(r.quiet_prices, r.quiet_closes, r.quiet_volumes, r.quiet_when) = 4) THEN 'FALSE'
                           WHEN r.price_bases IS NULL THEN '%s'
                           ELSE '(b.price_basis <> ALL (%2$L) OR %1$s)' END,
                      coalesce(string_agg(DISTINCT '(' || aegis._rule_sql(r.quiet_when, r) || ')', ' AND '), 'TRUE'), r.price_bases)
          FROM aegis.validation_rules AS r
         WHERE p_target = ANY (r.targets)
           AND r.is_enabled
         GROUP BY r.price_bases
      ) AS r (condition)
$function$;

COMMENT ON FUNCTION aegis._quick_look(text, text, text) IS -- noqa: LT01
'Text of the query that sets bars (a relation) beside their baselines and says which no rule would speak of; p_days is a condition on the day.';

ALTER FUNCTION aegis._quick_look(text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._quick_look(text, text, text) FROM PUBLIC;
