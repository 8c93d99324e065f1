-- Daily bars as traded: what reports and people ask for by date.

CREATE OR REPLACE VIEW aegis.stock_prices_daily AS
SELECT
    d.trade_date AS date,
    d.stock_code,
    d.open_price,
    d.high_price,
    d.low_price,
    d.close_price,
    d.volume,
    d.trade_value,
    d.market_cap,
    d.listed_shares,
    d.base_price,
    -- One probe of the key per row, and none for whoever does not ask for it.
    (
        SELECT p.close_price
          FROM aegis.daily_market_data AS p
         WHERE p.stock_code = d.stock_code
           AND p.price_basis = 'raw'
           AND p.trade_date < d.trade_date
           AND p.trade_date >= d.trade_date - 366
           AND p.is_active
         ORDER BY p.trade_date DESC
         LIMIT 1
    ) AS prev_close,
    d.last_updated
  FROM aegis.daily_market_data AS d
 WHERE d.price_basis = 'raw'
   AND d.is_active;

COMMENT ON VIEW aegis.stock_prices_daily IS
'Active daily bars as traded (price basis raw), KRW; filter by date for partition pruning.';
COMMENT ON COLUMN aegis.stock_prices_daily.date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.stock_prices_daily.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.stock_prices_daily.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.stock_prices_daily.high_price IS 'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.stock_prices_daily.low_price IS 'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.stock_prices_daily.close_price IS
'Closing price, KRW; carried when nothing traded.';
COMMENT ON COLUMN aegis.stock_prices_daily.volume IS 'Shares traded that day.';
COMMENT ON COLUMN aegis.stock_prices_daily.trade_value IS
'Value traded that day, KRW; null when unknown.';
COMMENT ON COLUMN aegis.stock_prices_daily.market_cap IS
'Market capitalisation, KRW; null when unknown.';
COMMENT ON COLUMN aegis.stock_prices_daily.listed_shares IS
'Listed shares that day; null when unknown.';
COMMENT ON COLUMN aegis.stock_prices_daily.base_price IS
'Base price (기준가) the exchange compares the day with, KRW; null where the source has none.';
COMMENT ON COLUMN aegis.stock_prices_daily.prev_close IS
'Close of the preceding stored bar within 366 days, KRW, not adjusted; null when there is none. '
'Compare with base_price where it is known.';
COMMENT ON COLUMN aegis.stock_prices_daily.last_updated IS
'Event time of the bar at its source.';

ALTER VIEW aegis.stock_prices_daily OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_prices_daily TO aegis_reader;
