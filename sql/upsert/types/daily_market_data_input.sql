-- One daily bar, as a writer hands it over: wide enough that a bad value arrives and is judged.

CREATE TYPE aegis.daily_market_data_input AS (
    stock_code text,
    trade_date date,
    price_basis text,
    open_price numeric,
    high_price numeric,
    low_price numeric,
    close_price numeric,
    volume numeric,
    trade_value numeric,
    market_cap numeric,
    listed_shares numeric,
    base_price numeric,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.daily_market_data_input IS 'One daily bar for aegis.upsert_daily_market_data; KRW.';
COMMENT ON COLUMN aegis.daily_market_data_input.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.daily_market_data_input.trade_date IS
'Trading date of the venue (KST); null: the KST date of event_at.';
COMMENT ON COLUMN aegis.daily_market_data_input.price_basis IS
'raw (as traded; also when null) or adjusted (back-adjusted by the source).';
COMMENT ON COLUMN aegis.daily_market_data_input.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_input.high_price IS 'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_input.low_price IS 'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_input.close_price IS 'Closing price, KRW; carried when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_input.volume IS 'Shares traded that day.';
COMMENT ON COLUMN aegis.daily_market_data_input.trade_value IS 'Value traded that day, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_input.market_cap IS 'Close times listed shares, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_input.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_input.base_price IS
'Base price (기준가) of the day, KRW; null when the source has none.';
COMMENT ON COLUMN aegis.daily_market_data_input.event_at IS
'When the source published it; decides which bar is latest; null: the session close of trade_date.';
COMMENT ON COLUMN aegis.daily_market_data_input.sequence_number IS
'Order within one event time where the source numbers its messages; null: 0.';

ALTER TYPE aegis.daily_market_data_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.daily_market_data_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.daily_market_data_input TO aegis_ingest, aegis_app, aegis_auditor;
