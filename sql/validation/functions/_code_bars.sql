-- _code_bars: the bars of a code in a range of days with what each is judged by, in one pass: window functions over the bars
-- instead of a look-up for each of them, and the facts of the code once for each period in which they do not change. Bars
-- whose past reaches further back than the look-back in days, after a gap or a halt, are looked up all the same.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it. WITH ORDINALITY keeps the
-- planner from that: a query over many codes then plans it once and can give the codes to parallel workers.

CREATE OR REPLACE FUNCTION aegis._code_bars(
    p_code text,
    p_basis text,
    p_from date,
    p_to date,
    p_lookback integer
)
RETURNS TABLE (
    stock_code text,
    trade_date date,
    price_basis text,
    open_price numeric,
    high_price numeric,
    low_price numeric,
    close_price numeric,
    volume bigint,
    trade_value numeric,
    market_cap numeric,
    listed_shares bigint,
    data_version integer,
    batch_number bigint,
    base_price numeric,
    previous_date date,
    previous_open numeric,
    previous_high numeric,
    previous_low numeric,
    previous_close numeric,
    previous_volume bigint,
    previous_shares bigint,
    observations integer,
    mean_volume double precision,
    sd_volume double precision,
    volume_quartiles double precision [],
    minimum_volume double precision,
    return_observations integer,
    mean_return double precision,
    sd_return double precision,
    return_quartiles double precision [],
    market text,
    listing_state text,
    is_first_day boolean,
    offer_price numeric,
    leverage numeric,
    is_liquidation boolean,
    is_halted boolean,
    actions text [],
    action_factor double precision
)
LANGUAGE sql
STABLE
PARALLEL SAFE
COST 1000000
ROWS 250
AS $function$
    SELECT w.stock_code, w.trade_date, w.price_basis, w.open_price, w.high_price, w.low_price, w.close_price, w.volume,
           w.trade_value, w.market_cap, w.listed_shares, w.data_version, w.batch_number, w.base_price, k.*,
           f.market, f.listing_state, f.is_first_day, f.offer_price, f.leverage, f.is_liquidation, f.is_halted,
           CASE WHEN h.has_actions THEN (
               SELECT array_agg(n.action_kind ORDER BY n.effective_on, n.action_kind)
                 FROM aegis.corporate_actions AS n
                WHERE n.stock_code = p_code
                  AND n.effective_on > coalesce(k.previous_date, w.trade_date - 1)
                  AND n.effective_on <= w.trade_date
                  AND n.is_active
           ) END,
           CASE WHEN h.has_actions THEN (
               SELECT exp(sum(ln(n.price_factor::double precision)))
                 FROM aegis.corporate_actions AS n
                WHERE n.stock_code = p_code
                  AND n.effective_on > coalesce(k.previous_date, w.trade_date - 1)
                  AND n.effective_on <= w.trade_date
                  AND n.is_active
           ) END
      FROM (
        SELECT b.*, avg(b.volume) OVER past AS mean_volume, stddev_samp(b.quantity) OVER past AS sd_volume,
               avg(b.change) OVER past AS mean_return, stddev_samp(b.change) OVER past AS deviation,
               first_value(b.trade_date) OVER past AS first_date,
               aegis._sliding_values(b.quantity, b.former_quantity) OVER whole_past AS volumes,
               aegis._sliding_values(b.change, b.former_change) OVER whole_past AS returns
          FROM (
            SELECT q.*, lag(q.trade_date) OVER earlier AS previous_date, lag(q.open_price) OVER earlier AS previous_open,
                   lag(q.high_price) OVER earlier AS previous_high, lag(q.low_price) OVER earlier AS previous_low,
                   lag(q.volume) OVER earlier AS previous_volume, lag(q.listed_shares) OVER earlier AS previous_shares,
                   lag(q.trade_date, p_lookback + 1) OVER earlier AS oldest_date,
                   lag(q.quantity, p_lookback) OVER earlier AS former_quantity,
                   lag(q.change, p_lookback) OVER earlier AS former_change
              FROM (
                SELECT r.*, r.close_price::double precision
                                / coalesce(r.base_price, r.previous_close)::double precision - 1 AS change
                  FROM (
                    -- What the windows read stands first: they go through each row thirty times.
                    SELECT t.volume, t.volume::double precision AS quantity, t.trade_date, t.data_version, t.batch_number,
                           t.listed_shares, t.stock_code, t.price_basis, t.open_price, t.high_price, t.low_price,
                           t.close_price, t.trade_value, t.market_cap, t.base_price,
                           lag(t.close_price) OVER (PARTITION BY t.price_basis ORDER BY t.trade_date) AS previous_close
                      FROM aegis._bars_of_code(p_code, p_basis, p_from - (p_lookback * 7 / 5 + 26), p_to) AS t
                  ) AS r
                -- A fence: the change is read more than once.
                OFFSET 0
              ) AS q
            WINDOW earlier AS (PARTITION BY q.price_basis ORDER BY q.trade_date)
          ) AS b
        WINDOW past AS (PARTITION BY b.price_basis ORDER BY b.trade_date ROWS BETWEEN p_lookback PRECEDING AND 1 PRECEDING),
               whole_past AS (PARTITION BY b.price_basis ORDER BY b.trade_date
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      ) AS w
     CROSS JOIN (
        SELECT p.valid_from, coalesce(lead(p.valid_from) OVER (ORDER BY p.valid_from) - 1, p_to) AS valid_to,
               r.market, r.listing_state, r.is_first_day, r.offer_price, r.leverage, r.is_liquidation, r.is_halted
          FROM (
            SELECT p_from AS valid_from
             UNION
            SELECT t.day
              FROM aegis.market_events AS m
             CROSS JOIN LATERAL (VALUES (m.starts_on), (m.starts_on + 1), (m.ends_on + 1)) AS t (day)
             WHERE m.stock_code = p_code AND m.is_active AND t.day > p_from AND t.day <= p_to
             UNION
            SELECT t.day
              FROM aegis.stocks AS s
             CROSS JOIN LATERAL (VALUES (s.listed_on), (s.listed_on + 1), (s.delisted_on)) AS t (day)
             WHERE s.stock_code = p_code AND t.day > p_from AND t.day <= p_to
          ) AS p
         CROSS JOIN LATERAL aegis._market_facts(p_code, p.valid_from, p.valid_from) AS r
     ) AS f
     -- Few codes have corporate actions, few of their bars come after one.
     CROSS JOIN (
        SELECT count(*) > 0
          FROM aegis.corporate_actions AS n
         WHERE n.stock_code = p_code AND n.effective_on > p_from - (p_lookback * 7 / 5 + 26) AND n.effective_on <= p_to AND n.is_active
     ) AS h (has_actions)
     CROSS JOIN LATERAL (
        SELECT cardinality(w.volumes), cardinality(w.returns),
               coalesce(w.oldest_date, w.first_date, w.trade_date) < w.trade_date - (p_lookback * 7 / 5 + 26)
     ) AS v (observations, return_observations, is_far)
     CROSS JOIN LATERAL (
        SELECT w.previous_date, w.previous_open, w.previous_high, w.previous_low, w.previous_close, w.previous_volume,
               w.previous_shares, v.observations, w.mean_volume::double precision AS mean_volume, w.sd_volume,
               aegis._quartiles(w.volumes, v.observations), w.volumes[1], v.return_observations, w.mean_return,
               CASE WHEN w.returns[v.return_observations] > w.returns[1] THEN w.deviation ELSE 0 END,
               aegis._quartiles(w.returns, v.return_observations)
         WHERE NOT v.is_far
         UNION ALL
        SELECT n.previous_date, n.previous_open, n.previous_high, n.previous_low, n.previous_close, n.previous_volume,
               n.previous_shares, n.observations, n.mean_volume, n.sd_volume, n.volume_quartiles, n.minimum_volume,
               n.return_observations, n.mean_return, n.sd_return, n.return_quartiles
          -- Not worth planning, unless it is called.
          FROM aegis._baseline(p_code, w.price_basis, w.trade_date, p_lookback) WITH ORDINALITY AS n
         WHERE v.is_far
     ) AS k
     WHERE w.trade_date >= p_from
       AND w.trade_date BETWEEN f.valid_from AND f.valid_to
$function$;

COMMENT ON FUNCTION aegis._code_bars(text, text, date, date, integer) IS -- noqa: LT01
'Bars of a code with statistics of the preceding bars and the facts of their days; p_basis null: both.';

ALTER FUNCTION aegis._code_bars(text, text, date, date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._code_bars(text, text, date, date, integer) FROM PUBLIC;
