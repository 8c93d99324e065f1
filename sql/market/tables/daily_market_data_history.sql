-- What daily_market_data said before. No key and no index, as in stock_prices_history.

CREATE TABLE aegis.daily_market_data_history (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    price_basis text COLLATE "C" NOT NULL,
    open_price numeric(15,2) NOT NULL,
    high_price numeric(15,2) NOT NULL,
    low_price numeric(15,2) NOT NULL,
    close_price numeric(15,2) NOT NULL,
    volume bigint NOT NULL,
    trade_value numeric(20,0),
    market_cap numeric(20,0),
    listed_shares bigint,
    base_price numeric(15,2),
    source text COLLATE "C" NOT NULL,
    source_rank smallint NOT NULL,
    sequence_number bigint NOT NULL,
    batch_number bigint NOT NULL,
    data_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.daily_market_data_history_default PARTITION OF aegis.daily_market_data_history
DEFAULT;

COMMENT ON TABLE aegis.daily_market_data_history IS
'Superseded versions of aegis.daily_market_data, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.daily_market_data_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.daily_market_data_history.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.daily_market_data_history.price_basis IS
'raw: as traded; adjusted: back-adjusted by the source.';
COMMENT ON COLUMN aegis.daily_market_data_history.open_price IS
'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_history.high_price IS
'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_history.low_price IS
'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_history.close_price IS
'Closing price, KRW; carried when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data_history.volume IS 'Shares traded that day.';
COMMENT ON COLUMN aegis.daily_market_data_history.trade_value IS
'Value traded that day, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_history.market_cap IS
'Market capitalisation, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_history.listed_shares IS
'Listed shares that day; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data_history.base_price IS
'Base price (기준가) the exchange compares the day with, KRW; null where the source has none.';
COMMENT ON COLUMN aegis.daily_market_data_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.daily_market_data_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.daily_market_data_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.daily_market_data_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.daily_market_data_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.daily_market_data_history.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.daily_market_data_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.daily_market_data_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.daily_market_data_history.superseded_at IS
'When this version was superseded.';
COMMENT ON COLUMN aegis.daily_market_data_history.superseded_by IS 'Login role that superseded it.';
COMMENT ON TABLE aegis.daily_market_data_history_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.daily_market_data_history OWNER TO aegis_owner;
ALTER TABLE aegis.daily_market_data_history_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.daily_market_data_history TO aegis_reader;
