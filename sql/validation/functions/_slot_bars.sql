-- _slot_bars: the 20-minute bars of a code and day beside what they are compared with: the regular bar before, and the
-- volume of the same slot in the preceding four weeks (about 20 sessions; ticks are kept for 30 days). Volume within a day
-- is high at its ends and low between them, so a bar is compared with its own slot: with the closing bar, whichever number
-- it has, the closing bar. A session in which the code traded, though not in this slot, counts as a volume of 0.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._slot_bars(
    p_code text,
    p_date date,
    p_market text
)
RETURNS TABLE (
    slot text,
    session_kind text,
    slot_number integer,
    is_closing_bar boolean,
    starts_at timestamptz,
    ends_at timestamptz,
    open_price numeric,
    high_price numeric,
    low_price numeric,
    close_price numeric,
    volume bigint,
    trade_value numeric,
    tick_count integer,
    first_traded_at timestamptz,
    last_traded_at timestamptz,
    batch_number bigint,
    data_version integer,
    previous_slot text,
    previous_bar_close numeric,
    is_repeated boolean,
    slot_observations integer,
    mean_slot_volume double precision,
    sd_slot_volume double precision
)
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $function$
    WITH bar AS MATERIALIZED (
        SELECT v.* FROM aegis.twenty_minute_bars AS v
         WHERE v.stock_code = p_code AND v.trade_date BETWEEN p_date - 28 AND p_date
    ),
    past AS MATERIALIZED (
        SELECT v.is_closing_bar, v.slot_number * (NOT v.is_closing_bar)::integer AS place, sum(v.volume) AS total,
               sum(v.volume::numeric * v.volume) AS total_of_squares
          FROM bar AS v
         WHERE v.trade_date < p_date AND v.slot_number IS NOT NULL
         GROUP BY 1, 2
    ),
    sessions AS MATERIALIZED (
        SELECT count(DISTINCT v.trade_date)::integer AS observations
          FROM bar AS v
         WHERE v.trade_date < p_date AND v.slot_number IS NOT NULL
    ),
    today AS MATERIALIZED (
        SELECT v.*, w.place AS previous_place
          FROM bar AS v
         -- The last regular bar before it: a price out of hours is nothing to compare with.
         CROSS JOIN LATERAL (
            SELECT max(q.starts_at) FROM bar AS q
             WHERE q.trade_date = p_date AND q.slot_number IS NOT NULL AND q.starts_at < v.starts_at
         ) AS w (place)
         WHERE v.trade_date = p_date
    )
    SELECT t.slot,
           CASE WHEN t.slot_number IS NOT NULL THEN 'regular' ELSE h.session_kind END,
           t.slot_number, coalesce(t.is_closing_bar, FALSE), t.starts_at, t.ends_at, t.open_price, t.high_price, t.low_price,
           t.close_price, t.volume, t.trade_value, t.tick_count, t.first_traded_at, t.last_traded_at, t.batch_number,
           t.data_version, q.slot, q.close_price,
           coalesce(t.tick_count > 1 AND t.slot_number = q.slot_number + 1
               AND (t.open_price, t.high_price, t.low_price, t.close_price, t.volume, t.tick_count)
                 = (q.open_price, q.high_price, q.low_price, q.close_price, q.volume, q.tick_count), FALSE),
           s.observations,
           p.mean,
           CASE WHEN s.observations > 1 THEN sqrt(p.spread / (s.observations - 1.0))::double precision END
      FROM today AS t
      LEFT JOIN bar AS q ON q.trade_date = p_date AND q.starts_at = t.previous_place AND q.slot_number IS NOT NULL
     CROSS JOIN LATERAL (
        SELECT CASE WHEN t.slot_number IS NULL THEN 0 ELSE n.observations END FROM sessions AS n
     ) AS s (observations)
     CROSS JOIN LATERAL (
        -- Exact, so that a volume that never differs has a deviation of 0 and not of a rounding error.
        SELECT (x.total / nullif(s.observations, 0))::double precision,
               x.total_of_squares - x.total * x.total / nullif(s.observations, 0)
          FROM (
            SELECT coalesce(sum(a.total), 0), coalesce(sum(a.total_of_squares), 0)
              FROM past AS a
             WHERE a.is_closing_bar = t.is_closing_bar
               AND a.place = t.slot_number * (NOT t.is_closing_bar)::integer
          ) AS x (total, total_of_squares)
     ) AS p (mean, spread)
      LEFT JOIN LATERAL (
        SELECT k.session_kind
          FROM aegis.session_hours AS k
         WHERE t.slot_number IS NULL
           AND k.trade_date = p_date
           AND k.market = CASE WHEN p_market IN ('KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW') THEN p_market ELSE 'KOSPI' END
           AND k.session_kind NOT IN ('regular', 'opening_auction', 'closing_auction')
           AND t.first_traded_at >= k.starts_at
           AND t.last_traded_at <= k.ends_at + (SELECT aegis.configuration('aegis.closing_grace')::interval)
         ORDER BY k.starts_at DESC
         LIMIT 1
      ) AS h ON TRUE
$function$;

COMMENT ON FUNCTION aegis._slot_bars(text, date, text) IS -- noqa: LT01
'20-minute bars of a code and day with the bar before and the volume of their slot in the preceding four weeks.';

ALTER FUNCTION aegis._slot_bars(text, date, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._slot_bars(text, date, text) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._slot_bars(text, date, text) TO aegis_reader;
