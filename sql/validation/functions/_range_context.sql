-- _range_context: the context of the bars of a range of days, of all codes or of one, in one pass: window functions over
-- the bars instead of a look-up for each of them, and the facts of a code once for each period in which they do not change.
-- What it says of a bar is what aegis.bar_context says; a test compares. Bars whose past reaches further back than the
-- look-back in days, after a gap or a halt, are looked up all the same.

CREATE OR REPLACE FUNCTION aegis._range_context(
    p_from date,
    p_to date,
    p_code text DEFAULT NULL,
    p_price_basis text DEFAULT NULL
)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format($query$
WITH bar AS MATERIALIZED (
    SELECT t.stock_code, t.price_basis, t.trade_date, t.open_price, t.high_price, t.low_price, t.close_price, t.volume,
           t.trade_value, t.market_cap, t.listed_shares, t.base_price, t.data_version, t.batch_number,
           t.close_price::double precision
               / coalesce(t.base_price, lag(t.close_price) OVER earlier)::double precision - 1 AS change
      FROM aegis.daily_market_data AS t
     WHERE t.trade_date BETWEEN DATE %1$L - %4$s AND DATE %2$L
       AND t.is_active
       %6$s
    WINDOW earlier AS (PARTITION BY t.stock_code, t.price_basis ORDER BY t.trade_date)
),
passed AS MATERIALIZED (
    SELECT b.*, lag(b.trade_date) OVER earlier AS previous_date, lag(b.open_price) OVER earlier AS previous_open,
           lag(b.high_price) OVER earlier AS previous_high, lag(b.low_price) OVER earlier AS previous_low,
           lag(b.close_price) OVER earlier AS previous_close, lag(b.volume) OVER earlier AS previous_volume,
           lag(b.listed_shares) OVER earlier AS previous_shares,
           (count(b.volume) OVER past)::integer AS observations, (avg(b.volume) OVER past)::double precision AS mean_volume,
           stddev_samp(b.volume::double precision) OVER past AS sd_volume,
           array_agg(b.volume::double precision) OVER past AS volumes,
           (count(b.change) OVER past)::integer AS return_observations, avg(b.change) OVER past AS mean_return,
           stddev_samp(b.change) OVER past AS deviation,
           array_agg(b.change) FILTER (WHERE b.change IS NOT NULL) OVER past AS returns,
           lag(b.trade_date, %3$s + 1) OVER earlier AS oldest_date, first_value(b.trade_date) OVER past AS first_date
      FROM bar AS b
    WINDOW earlier AS (PARTITION BY b.stock_code, b.price_basis ORDER BY b.trade_date),
           past AS (PARTITION BY b.stock_code, b.price_basis ORDER BY b.trade_date
                    ROWS BETWEEN %3$s PRECEDING AND 1 PRECEDING)
),
code AS MATERIALIZED (
    SELECT DISTINCT b.stock_code FROM bar AS b WHERE b.trade_date >= DATE %1$L
),
turn AS (
    SELECT c.stock_code, DATE %1$L AS valid_from FROM code AS c
     UNION
    SELECT c.stock_code, t.day
      FROM code AS c
      JOIN aegis.market_events AS m ON m.stock_code = c.stock_code AND m.is_active
     CROSS JOIN LATERAL (VALUES (m.starts_on), (m.starts_on + 1), (m.ends_on + 1)) AS t (day)
     WHERE t.day > DATE %1$L AND t.day <= DATE %2$L
     UNION
    SELECT c.stock_code, t.day
      FROM code AS c
      JOIN aegis.stocks AS s ON s.stock_code = c.stock_code
     CROSS JOIN LATERAL (VALUES (s.listed_on), (s.listed_on + 1), (s.delisted_on)) AS t (day)
     WHERE t.day > DATE %1$L AND t.day <= DATE %2$L
),
period AS MATERIALIZED (
    SELECT p.valid_from,
           coalesce(lead(p.valid_from) OVER (PARTITION BY p.stock_code ORDER BY p.valid_from) - 1, DATE %2$L) AS valid_to,
           p.stock_code, f.market, f.listing_state, f.is_first_day, f.offer_price, f.leverage, f.is_liquidation, f.is_halted
      FROM turn AS p
     CROSS JOIN LATERAL aegis._market_facts(p.stock_code, p.valid_from, p.valid_from) AS f
),
action AS MATERIALIZED (
    SELECT w.stock_code, w.price_basis, w.trade_date, array_agg(k.action_kind ORDER BY k.effective_on, k.action_kind) AS actions,
           exp(sum(ln(k.price_factor::double precision))) AS action_factor
      FROM passed AS w
      JOIN aegis.corporate_actions AS k
        ON k.stock_code = w.stock_code AND k.is_active
       AND k.effective_on > coalesce(w.previous_date, w.trade_date - 1) AND k.effective_on <= w.trade_date
     WHERE w.trade_date >= DATE %1$L
     GROUP BY 1, 2, 3
),
day AS MATERIALIZED (
    SELECT g.day::date AS trade_date,
           (SELECT max(c.trade_date) FROM aegis.trading_calendar AS c
             WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date < g.day::date) AS previous_session
      FROM generate_series(DATE %1$L::timestamp, DATE %2$L::timestamp, INTERVAL '1 day') AS g (day)
),
ranged AS (
    SELECT w.stock_code, w.trade_date, w.price_basis, w.open_price, w.high_price, w.low_price, w.close_price, w.volume,
           w.trade_value, w.market_cap, w.listed_shares, w.data_version, w.batch_number, w.base_price,
           w.previous_date, w.previous_open, w.previous_high, w.previous_low, w.previous_close, w.previous_volume,
           w.previous_shares, w.observations, w.mean_volume, w.sd_volume,
           ARRAY[v.sorted[q.low1] + q.part1 * (v.sorted[q.high1] - v.sorted[q.low1]),
                 v.sorted[q.low3] + q.part3 * (v.sorted[q.high3] - v.sorted[q.low3])] AS volume_quartiles,
           v.sorted[1] AS minimum_volume, w.return_observations, w.mean_return,
           CASE WHEN r.sorted[w.return_observations] > r.sorted[1] THEN w.deviation ELSE 0 END AS sd_return,
           ARRAY[r.sorted[s.low1] + s.part1 * (r.sorted[s.high1] - r.sorted[s.low1]),
                 r.sorted[s.low3] + s.part3 * (r.sorted[s.high3] - r.sorted[s.low3])] AS return_quartiles,
           f.market, f.listing_state, f.is_first_day, f.offer_price, f.leverage, f.is_liquidation, f.is_halted, a.actions,
           a.action_factor, y.previous_session
      FROM passed AS w
      JOIN day AS y ON y.trade_date = w.trade_date
      JOIN period AS f ON f.stock_code = w.stock_code AND w.trade_date BETWEEN f.valid_from AND f.valid_to
      LEFT JOIN action AS a ON a.stock_code = w.stock_code AND a.price_basis = w.price_basis AND a.trade_date = w.trade_date
     CROSS JOIN LATERAL (SELECT array_agg(x.value ORDER BY x.value) FROM unnest(w.volumes) AS x (value)) AS v (sorted)
     CROSS JOIN LATERAL (SELECT array_agg(x.value ORDER BY x.value) FROM unnest(w.returns) AS x (value)) AS r (sorted)
     CROSS JOIN LATERAL (
        SELECT 1 + floor((w.observations - 1) * 0.25)::integer, 1 + ceil((w.observations - 1) * 0.25)::integer,
               (w.observations - 1) * 0.25 - floor((w.observations - 1) * 0.25),
               1 + floor((w.observations - 1) * 0.75)::integer, 1 + ceil((w.observations - 1) * 0.75)::integer,
               (w.observations - 1) * 0.75 - floor((w.observations - 1) * 0.75)
     ) AS q (low1, high1, part1, low3, high3, part3)
     CROSS JOIN LATERAL (
        SELECT 1 + floor((w.return_observations - 1) * 0.25)::integer, 1 + ceil((w.return_observations - 1) * 0.25)::integer,
               (w.return_observations - 1) * 0.25 - floor((w.return_observations - 1) * 0.25),
               1 + floor((w.return_observations - 1) * 0.75)::integer, 1 + ceil((w.return_observations - 1) * 0.75)::integer,
               (w.return_observations - 1) * 0.75 - floor((w.return_observations - 1) * 0.75)
     ) AS s (low1, high1, part1, low3, high3, part3)
     WHERE w.trade_date >= DATE %1$L
       AND coalesce(w.oldest_date, w.first_date, w.trade_date) >= w.trade_date - %4$s
     UNION ALL
    SELECT w.stock_code, w.trade_date, w.price_basis, w.open_price, w.high_price, w.low_price, w.close_price, w.volume,
           w.trade_value, w.market_cap, w.listed_shares, w.data_version, w.batch_number, w.base_price,
           n.previous_date, n.previous_open, n.previous_high, n.previous_low, n.previous_close, n.previous_volume,
           n.previous_shares, n.observations, n.mean_volume, n.sd_volume, n.volume_quartiles, n.minimum_volume,
           n.return_observations, n.mean_return, n.sd_return, n.return_quartiles, n.market, n.listing_state, n.is_first_day,
           n.offer_price, n.leverage, n.is_liquidation, n.is_halted, n.actions, n.action_factor, n.previous_session
      FROM passed AS w
     CROSS JOIN LATERAL aegis._baseline_alone(w.stock_code, w.price_basis, w.trade_date, %3$s) AS n
     WHERE w.trade_date >= DATE %1$L
       AND coalesce(w.oldest_date, w.first_date, w.trade_date) < w.trade_date - %4$s
)
SELECT x.*, '' AS slot FROM (%5$s) AS x
$query$, p_from, p_to, s.lookback, s.lookback * 7 / 5 + 26,
           aegis._context_query('ranged', 'CROSS JOIN LATERAL (
    SELECT d.previous_date, d.previous_open, d.previous_high, d.previous_low, d.previous_close, d.previous_volume,
           d.previous_shares, d.observations, d.mean_volume, d.sd_volume, d.volume_quartiles, d.minimum_volume,
           d.return_observations, d.mean_return, d.sd_return, d.return_quartiles, d.market, d.listing_state, d.is_first_day,
           d.offer_price, d.leverage, d.is_liquidation, d.is_halted, d.actions, d.action_factor, d.previous_session
 ) AS k'), s.scope)
      FROM (
        SELECT aegis.configuration('aegis.report_lookback_rows')::integer,
               concat_ws(' ', CASE WHEN p_code IS NOT NULL THEN format('AND t.stock_code = %L', p_code) END,
                         CASE WHEN p_price_basis IS NOT NULL THEN format('AND t.price_basis = %L', p_price_basis) END)
      ) AS s (lookback, scope)
$function$;

COMMENT ON FUNCTION aegis._range_context(date, date, text, text) IS -- noqa: LT01
'Text of the query that sets the bars of a range of days into their context in one pass; p_code or p_price_basis null: all.';

ALTER FUNCTION aegis._range_context(date, date, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._range_context(date, date, text, text) FROM PUBLIC;
