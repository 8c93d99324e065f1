-- _market_facts: what is known about a code on a day: market, listing, liquidation, halt, corporate actions since the
-- day of the bar before.
--
-- Without SET and SECURITY DEFINER, so that it is planned as part of the query that calls it.

CREATE OR REPLACE FUNCTION aegis._market_facts(
    p_code text,
    p_date date,
    p_since date
)
RETURNS TABLE (
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
AS $function$
    SELECT aegis.rule_market(coalesce(e.market, s.market)),
           CASE
               WHEN e.market IS NOT NULL THEN 'listed'
               WHEN e.is_listing_known AND e.has_later THEN 'before_listing'
               WHEN e.is_listing_known THEN 'after_delisting'
               WHEN s.delisted_on <= p_date THEN 'after_delisting'
               WHEN s.listed_on > p_date THEN 'before_listing'
               WHEN s.listed_on IS NOT NULL THEN 'listed'
           END,
           coalesce(e.is_first_day, s.listed_on = p_date, FALSE),
           e.offer_price,
           coalesce(e.leverage, 1),
           coalesce(e.is_liquidation, FALSE),
           coalesce(e.is_halted, FALSE),
           a.actions,
           a.action_factor
      FROM (
        SELECT max(m.market) FILTER (WHERE m.event_kind = 'listing' AND c.is_on) AS market,
               bool_or(m.event_kind = 'listing') AS is_listing_known,
               bool_or(m.event_kind = 'listing' AND m.starts_on > p_date) AS has_later,
               bool_or(m.is_first_day AND m.starts_on = p_date) AS is_first_day,
               max(m.offer_price) FILTER (WHERE m.starts_on = p_date) AS offer_price,
               max(m.leverage) FILTER (WHERE c.is_on) AS leverage,
               bool_or(m.event_kind = 'liquidation' AND c.is_on) AS is_liquidation,
               bool_or(m.event_kind = 'halt' AND c.is_on) AS is_halted
          FROM aegis.market_events AS m
         CROSS JOIN LATERAL (
            SELECT p_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
         ) AS c (is_on)
         WHERE m.stock_code = p_code
           AND m.is_active
      ) AS e
      LEFT JOIN aegis.stocks AS s ON s.stock_code = p_code
     CROSS JOIN LATERAL (
        SELECT array_agg(k.action_kind ORDER BY k.effective_on, k.action_kind) AS actions,
               exp(sum(ln(k.price_factor::double precision))) AS action_factor
          FROM aegis.corporate_actions AS k
         WHERE k.stock_code = p_code
           AND k.effective_on > coalesce(p_since, p_date - 1)
           AND k.effective_on <= p_date
           AND k.is_active
      ) AS a
$function$;

COMMENT ON FUNCTION aegis._market_facts(text, date, date) IS -- noqa: LT01
'Market, listing, liquidation, halt and corporate actions of a code on a day; one row.';

ALTER FUNCTION aegis._market_facts(text, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._market_facts(text, date, date) FROM PUBLIC;
-- A view calls it with the rights of whoever reads the view.
GRANT EXECUTE ON FUNCTION aegis._market_facts(text, date, date) TO aegis_reader;
