-- Every 20-minute bar in its context, as the conditions of aegis.validation_rules read it: the day's facts, base price and
-- limits are those of its daily bar. Filter it by trade_date or stock_code.
-- max() is a fence: without it the setting would be looked up for every row of every past.

DO $do$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW aegis.twenty_minute_bar_context AS ' || aegis._context_query(
        p_bars => $d$(
            SELECT
                t.stock_code,
                t.trade_date,
                'raw'::text AS price_basis,
                b.open_price, b.high_price, b.low_price, b.close_price, b.volume, b.trade_value, b.data_version,
                b.batch_number,
                NULL::numeric AS market_cap,
                NULL::bigint AS listed_shares,
                q.base_price,
                b.slot, b.session_kind, b.slot_number, b.is_closing_bar, b.starts_at, b.ends_at, b.tick_count,
                b.first_traded_at, b.last_traded_at, b.previous_slot, b.previous_bar_close, b.is_repeated,
                b.slot_observations, b.mean_slot_volume, b.sd_slot_volume,
                n.*
              FROM (SELECT DISTINCT i.stock_code, i.trade_date FROM aegis.stock_ticks AS i WHERE i.venue = 'XKRX' AND i.is_active) AS t
             CROSS JOIN (SELECT max(aegis.configuration('aegis.report_lookback_rows')::integer)) AS s (lookback_rows)
             CROSS JOIN LATERAL aegis._baseline(t.stock_code, 'raw', t.trade_date, s.lookback_rows) AS n
             CROSS JOIN LATERAL aegis._slot_bars(t.stock_code, t.trade_date, n.market) AS b
              LEFT JOIN aegis.daily_market_data AS q
                ON q.stock_code = t.stock_code AND q.trade_date = t.trade_date AND q.price_basis = 'raw' AND q.is_active
        )$d$,
        p_baseline => 'CROSS JOIN LATERAL (SELECT d.*) AS k',
        p_more => $m$,
            d.slot, d.session_kind, d.slot_number, d.is_closing_bar, d.starts_at, d.ends_at, d.tick_count,
            d.first_traded_at, d.last_traded_at, d.previous_slot, d.previous_bar_close, d.is_repeated,
            d.slot_observations, d.mean_slot_volume, d.sd_slot_volume,
            d.close_price::double precision / coalesce(d.previous_bar_close, e.expected_base_price)::double precision - 1 AS bar_change,
            CASE WHEN d.sd_slot_volume > 0 THEN (d.volume - d.mean_slot_volume) / d.sd_slot_volume END AS slot_volume_z$m$
    );
END;
$do$;

COMMENT ON VIEW aegis.twenty_minute_bar_context IS
'20-minute bars with base price and limits of the day, the bar before, statistics of their slot, and what would explain them.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.trade_date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.price_basis IS 'raw: ticks are as traded.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.open_price IS 'First price of the bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.high_price IS 'Highest price of the bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.low_price IS 'Lowest price of the bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.close_price IS 'Last price of the bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.volume IS 'Shares traded in the bar.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.trade_value IS 'Value traded in the bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.market_cap IS 'Null: a bar has none.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.listed_shares IS 'Null: a bar has none.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.data_version IS 'Version of the bar, see aegis.twenty_minute_bars.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.batch_number IS 'Batch that changed the bar last.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.source_base_price IS
'Base price (기준가) of the day as delivered, KRW; null before it has come.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.base_price IS 'Base price of the day, KRW; null: there is none.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.base_price_origin IS
'source, offer_price, opening_price, derived (close before times the factor of a corporate action) or previous_close.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_date IS 'Day of the daily bar before.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_session IS 'Session of the calendar before.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_open IS 'Open of the daily bar before, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_high IS 'High of the daily bar before, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_low IS 'Low of the daily bar before, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_close IS 'Close of the daily bar before, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_volume IS 'Volume of the daily bar before.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_shares IS
'Listed shares on the day of the daily bar before.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.observations IS 'Preceding daily bars the daily statistics rest on.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.mean_volume IS 'Mean volume of these daily bars.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.sd_volume IS 'Sample standard deviation of their volume.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.volume_quartiles IS 'First and third quartile of their volume.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.minimum_volume IS 'Smallest volume among them.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.return_observations IS 'Returns the return statistics rest on.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.mean_return IS 'Mean of these returns.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.sd_return IS
'Their sample standard deviation; 0 in a window of halts.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.return_quartiles IS 'First and third quartile of these returns.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.market IS 'Market whose rules apply.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.listing_state IS
'listed, before_listing or after_delisting; null: unknown.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_first_day IS 'Whether it is a first listing day.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_liquidation IS 'Whether it is liquidation trading.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_halted IS 'Whether trading is halted.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_gap IS
'Whether a session lies between the daily bar before and this day.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.price_change IS
'Close of the bar against the base price of the day, as a fraction.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.price_gap IS
'Open of the bar against the base price of the day, as a fraction.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.volume_z IS
'Volume of the bar against the mean of daily bars; for bars see slot_volume_z.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.return_z IS
'Change since the base price against the mean of daily returns, in standard deviations.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.no_limit_reason IS
'Why no price limit applies: adjusted_prices, liquidation, no_base_price or no_rule; null: one does.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.upper_limit IS 'Upper price limit (상한가), KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.lower_limit IS 'Lower price limit (하한가), KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.tick_size IS 'Tick size at the base price, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.band_from IS
'Lowest prices of the tick bands of its market and day.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.band_tick IS 'Tick sizes of these bands.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_rule_verified IS
'Whether limit and ticks are published or observed.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_open IS
'Whether the calendar has a session that day; null: it does not know.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.explanations IS
'What would explain an unusual bar: liquidation, first_listing_day, kinds of corporate actions, share_count_change, missing_session, resumption, halt.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.slot IS 'Start of the bar (KST, HH:MM).';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.session_kind IS
'Session it lies in: regular or another of aegis.session_hours; null: in none, or not as a whole.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.slot_number IS
'Place in the regular session, from 1; null outside of it.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_closing_bar IS
'Whether it is the last of the regular session, with the closing auction.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.starts_at IS 'First moment of the bar.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.ends_at IS 'First moment after it.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.tick_count IS 'Trades in it.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.first_traded_at IS 'Moment of the first of them.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.last_traded_at IS 'Moment of the last of them.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_slot IS
'Start (KST, HH:MM) of the regular bar before it on this day; null: there is none.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.previous_bar_close IS 'Close of that bar, KRW.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.is_repeated IS
'Whether it repeats the bar directly before it, of more than one trade, in every value.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.slot_observations IS
'Preceding sessions (four weeks) the statistics of its slot rest on.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.mean_slot_volume IS 'Mean volume of its slot in these sessions.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.sd_slot_volume IS 'Sample standard deviation of that volume.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.bar_change IS
'Close against the close of the bar before; of the first bar against the base price, as a fraction.';
COMMENT ON COLUMN aegis.twenty_minute_bar_context.slot_volume_z IS
'Volume against the mean of its slot, in standard deviations; null where they are 0.';

ALTER VIEW aegis.twenty_minute_bar_context OWNER TO aegis_owner;
GRANT SELECT ON aegis.twenty_minute_bar_context TO aegis_reader;
