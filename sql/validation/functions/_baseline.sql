-- _baseline: what a bar of a code and day is judged by: the bars before it, and the facts of the day. The bar itself is
-- not read, so the baseline of a day can be made at the close of the day before.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._baseline(
    p_code text,
    p_basis text,
    p_date date,
    p_lookback integer
)
RETURNS TABLE (
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
    action_factor double precision,
    previous_session date
)
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $function$
    SELECT w.previous_date, w.previous_open, w.previous_high, w.previous_low, w.previous_close, w.previous_volume,
           w.previous_shares, w.observations, w.mean_volume, w.sd_volume,
           aegis._quartiles(w.volumes, w.observations),
           w.volumes[1],
           w.return_observations, w.mean_return, w.sd_return,
           aegis._quartiles(w.returns, w.return_observations),
           f.*, o.previous_session
      FROM (
        SELECT max(x.trade_date) AS previous_date,
               max(x.open_price) FILTER (WHERE x.place = 1) AS previous_open,
               max(x.high_price) FILTER (WHERE x.place = 1) AS previous_high,
               max(x.low_price) FILTER (WHERE x.place = 1) AS previous_low,
               max(x.close_price) FILTER (WHERE x.place = 1) AS previous_close,
               max(x.volume) FILTER (WHERE x.place = 1) AS previous_volume,
               max(x.listed_shares) FILTER (WHERE x.place = 1) AS previous_shares,
               count(x.volume) FILTER (WHERE x.place <= p_lookback)::integer AS observations,
               avg(x.volume) FILTER (WHERE x.place <= p_lookback)::double precision AS mean_volume,
               stddev_samp(x.volume::double precision) FILTER (WHERE x.place <= p_lookback) AS sd_volume,
               array_agg(x.volume::double precision ORDER BY x.volume) FILTER (WHERE x.place <= p_lookback) AS volumes,
               count(x.change) FILTER (WHERE x.place <= p_lookback)::integer AS return_observations,
               avg(x.change) FILTER (WHERE x.place <= p_lookback) AS mean_return,
               CASE WHEN max(x.change) FILTER (WHERE x.place <= p_lookback)
                         > min(x.change) FILTER (WHERE x.place <= p_lookback)
                    THEN stddev_samp(x.change) FILTER (WHERE x.place <= p_lookback) ELSE 0 END AS sd_return,
               array_agg(x.change ORDER BY x.change)
                   FILTER (WHERE x.place <= p_lookback AND x.change IS NOT NULL) AS returns
          FROM (
            SELECT q.*,
                   row_number() OVER earlier AS place,
                   q.close_price::double precision
                       / coalesce(q.base_price, lead(q.close_price) OVER earlier)::double precision - 1 AS change
              FROM aegis._bars_of_code(p_code, p_basis, p_date - (p_lookback * 7 / 5 + 26), p_date - 1) AS q
            WINDOW earlier AS (ORDER BY q.trade_date DESC)
          ) AS x
      ) AS w
     CROSS JOIN LATERAL aegis._market_facts(p_code, p_date, w.previous_date) AS f
     CROSS JOIN LATERAL (
        SELECT max(s.trade_date)
          FROM (
            SELECT t.trade_date
              FROM aegis.trading_calendar AS t
             WHERE t.venue = 'XKRX'
               AND t.trade_date < p_date
               AND t.is_open
             ORDER BY t.trade_date DESC
             LIMIT 1
          ) AS s
     ) AS o (previous_session)
$function$;

COMMENT ON FUNCTION aegis._baseline(text, text, date, integer) IS -- noqa: LT01
'What a bar is judged by: statistics of the preceding bars and the facts of its day; one row, also where there is no bar.';

ALTER FUNCTION aegis._baseline(text, text, date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._baseline(text, text, date, integer) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._baseline(text, text, date, integer) TO aegis_reader;
