-- Daily bars that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_daily_market_data AS
SELECT
    t.stock_code,
    t.trade_date,
    t.price_basis,
    t.open_price,
    t.high_price,
    t.low_price,
    t.close_price,
    t.volume,
    t.trade_value,
    t.market_cap,
    t.listed_shares,
    t.base_price,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated
FROM aegis.daily_market_data AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_daily_market_data IS
'Daily bars that are not soft-deleted, KRW; columns as in aegis.daily_market_data.';
COMMENT ON COLUMN aegis.active_daily_market_data.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_daily_market_data.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.active_daily_market_data.price_basis IS
'raw: as traded; adjusted: back-adjusted by the source.';
COMMENT ON COLUMN aegis.active_daily_market_data.open_price IS
'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.active_daily_market_data.high_price IS
'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.active_daily_market_data.low_price IS
'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.active_daily_market_data.close_price IS
'Closing price, KRW; carried when nothing traded.';
COMMENT ON COLUMN aegis.active_daily_market_data.volume IS 'Shares traded that day.';
COMMENT ON COLUMN aegis.active_daily_market_data.trade_value IS
'Value traded that day, KRW; null when unknown.';
COMMENT ON COLUMN aegis.active_daily_market_data.market_cap IS
'Market capitalisation, KRW; null when unknown.';
COMMENT ON COLUMN aegis.active_daily_market_data.listed_shares IS
'Listed shares that day; null when unknown.';
COMMENT ON COLUMN aegis.active_daily_market_data.base_price IS
'Base price (기준가) the exchange compares the day with, KRW; null where the source has none.';
COMMENT ON COLUMN aegis.active_daily_market_data.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_daily_market_data.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_daily_market_data.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_daily_market_data.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_daily_market_data.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_daily_market_data.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.active_daily_market_data.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_daily_market_data OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_daily_market_data TO aegis_reader;
