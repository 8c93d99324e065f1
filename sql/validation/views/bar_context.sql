-- Every active daily bar in its context, as the conditions of aegis.validation_rules read it. What a bar is judged by is its
-- baseline, where there is one that holds; otherwise the past is looked up for each bar, so any range of days is judged by
-- the same past.
-- max() is a fence: without it the setting would be looked up for every row of every past.

DO $do$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW aegis.bar_context AS ' || aegis._context_query(
        p_bars => '(SELECT t.* FROM aegis.daily_market_data AS t WHERE t.is_active)',
        p_baseline => $k$CROSS JOIN (SELECT max(aegis.configuration('aegis.report_lookback_rows')::integer)) AS s (lookback_rows)
              LEFT JOIN aegis.validation_baselines AS n
                ON n.trade_date = d.trade_date AND n.price_basis = d.price_basis AND n.stock_code = d.stock_code
               AND NOT n.is_stale AND n.lookback_rows = s.lookback_rows
             CROSS JOIN LATERAL (
                SELECT n.previous_date, n.previous_open, n.previous_high, n.previous_low, n.previous_close,
                       n.previous_volume, n.previous_shares, n.observations, n.mean_volume, n.sd_volume,
                       n.volume_quartiles, n.minimum_volume, n.return_observations, n.mean_return, n.sd_return,
                       n.return_quartiles, n.market, n.listing_state, n.is_first_day, n.offer_price, n.leverage,
                       n.is_liquidation, n.is_halted, n.actions, n.action_factor, n.previous_session
                 WHERE n.trade_date IS NOT NULL
                 UNION ALL
                SELECT b.*
                  FROM aegis._baseline(d.stock_code, d.price_basis, d.trade_date, s.lookback_rows) AS b
                 WHERE n.trade_date IS NULL
             ) AS k$k$
    );
END;
$do$;

COMMENT ON VIEW aegis.bar_context IS
'Active daily bars with base price, limits, statistics of the bars before, and what would explain them.';
COMMENT ON COLUMN aegis.bar_context.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.bar_context.trade_date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.bar_context.price_basis IS 'raw or adjusted.';
COMMENT ON COLUMN aegis.bar_context.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.bar_context.high_price IS 'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.bar_context.low_price IS 'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.bar_context.close_price IS 'Closing price, KRW.';
COMMENT ON COLUMN aegis.bar_context.volume IS 'Shares traded.';
COMMENT ON COLUMN aegis.bar_context.trade_value IS 'Value traded, KRW; null when unknown.';
COMMENT ON COLUMN aegis.bar_context.market_cap IS 'Market capitalisation, KRW; null when unknown.';
COMMENT ON COLUMN aegis.bar_context.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.bar_context.data_version IS 'Version of the bar.';
COMMENT ON COLUMN aegis.bar_context.batch_number IS 'Batch that brought that version.';
COMMENT ON COLUMN aegis.bar_context.source_base_price IS
'Base price (기준가) as delivered, KRW; null where the source has none.';
COMMENT ON COLUMN aegis.bar_context.base_price IS 'Base price the bar is compared with, KRW; null: there is none.';
COMMENT ON COLUMN aegis.bar_context.base_price_origin IS
'source, offer_price, opening_price, derived (close before times the factor of a corporate action) or previous_close.';
COMMENT ON COLUMN aegis.bar_context.previous_date IS 'Day of the bar before.';
COMMENT ON COLUMN aegis.bar_context.previous_session IS 'Session of the calendar before.';
COMMENT ON COLUMN aegis.bar_context.previous_open IS 'Open of the bar before, KRW.';
COMMENT ON COLUMN aegis.bar_context.previous_high IS 'High of the bar before, KRW.';
COMMENT ON COLUMN aegis.bar_context.previous_low IS 'Low of the bar before, KRW.';
COMMENT ON COLUMN aegis.bar_context.previous_close IS 'Close of the bar before, KRW.';
COMMENT ON COLUMN aegis.bar_context.previous_volume IS 'Volume of the bar before.';
COMMENT ON COLUMN aegis.bar_context.previous_shares IS 'Listed shares on the day of the bar before.';
COMMENT ON COLUMN aegis.bar_context.observations IS 'Preceding bars the volume statistics rest on.';
COMMENT ON COLUMN aegis.bar_context.mean_volume IS 'Their mean volume.';
COMMENT ON COLUMN aegis.bar_context.sd_volume IS 'Sample standard deviation of their volume.';
COMMENT ON COLUMN aegis.bar_context.volume_quartiles IS 'First and third quartile of their volume.';
COMMENT ON COLUMN aegis.bar_context.minimum_volume IS 'Smallest volume among them.';
COMMENT ON COLUMN aegis.bar_context.return_observations IS 'Returns the return statistics rest on.';
COMMENT ON COLUMN aegis.bar_context.mean_return IS 'Mean of these returns.';
COMMENT ON COLUMN aegis.bar_context.sd_return IS 'Their sample standard deviation; 0 in a window of halts.';
COMMENT ON COLUMN aegis.bar_context.return_quartiles IS 'First and third quartile of these returns.';
COMMENT ON COLUMN aegis.bar_context.market IS 'Market whose rules apply.';
COMMENT ON COLUMN aegis.bar_context.listing_state IS 'listed, before_listing or after_delisting; null: unknown.';
COMMENT ON COLUMN aegis.bar_context.is_first_day IS 'Whether it is a first listing day.';
COMMENT ON COLUMN aegis.bar_context.is_liquidation IS 'Whether it is liquidation trading.';
COMMENT ON COLUMN aegis.bar_context.is_halted IS 'Whether trading is halted.';
COMMENT ON COLUMN aegis.bar_context.is_gap IS 'Whether a session lies between the bar before and this one.';
COMMENT ON COLUMN aegis.bar_context.price_change IS 'Close against base price, as a fraction.';
COMMENT ON COLUMN aegis.bar_context.price_gap IS 'Open against base price, as a fraction; null without trade.';
COMMENT ON COLUMN aegis.bar_context.volume_z IS
'Volume against its mean, in standard deviations; null where they are 0.';
COMMENT ON COLUMN aegis.bar_context.return_z IS
'Return against its mean, in standard deviations; null where they are 0.';
COMMENT ON COLUMN aegis.bar_context.no_limit_reason IS
'Why no price limit applies: adjusted_prices, liquidation, no_base_price or no_rule; null: one does.';
COMMENT ON COLUMN aegis.bar_context.upper_limit IS 'Upper price limit (상한가), KRW.';
COMMENT ON COLUMN aegis.bar_context.lower_limit IS 'Lower price limit (하한가), KRW.';
COMMENT ON COLUMN aegis.bar_context.tick_size IS 'Tick size at the base price, KRW.';
COMMENT ON COLUMN aegis.bar_context.band_from IS 'Lowest prices of the tick bands of its market and day.';
COMMENT ON COLUMN aegis.bar_context.band_tick IS 'Tick sizes of these bands.';
COMMENT ON COLUMN aegis.bar_context.is_rule_verified IS 'Whether limit and ticks are published or observed.';
COMMENT ON COLUMN aegis.bar_context.is_open IS 'Whether the calendar has a session that day; null: it does not know.';
COMMENT ON COLUMN aegis.bar_context.explanations IS
'What would explain an unusual bar: liquidation, first_listing_day, kinds of corporate actions, share_count_change, missing_session, resumption, halt.';

ALTER VIEW aegis.bar_context OWNER TO aegis_owner;
GRANT SELECT ON aegis.bar_context TO aegis_reader;
