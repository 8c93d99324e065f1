-- Daily bars as their source delivered them: nothing is rounded, carried or nulled here. An
-- adjusted close may lie some won outside low and high: sources round each price apart.

CREATE TABLE aegis.daily_market_data (
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
    sequence_number bigint NOT NULL DEFAULT 0,
    batch_number bigint NOT NULL,
    data_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_updated timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED,

    CONSTRAINT daily_market_data_pk PRIMARY KEY (stock_code, trade_date, price_basis),
    CONSTRAINT daily_market_data_basis_ck CHECK (price_basis IN ('raw', 'adjusted')),
    CONSTRAINT daily_market_data_open_ck CHECK (open_price >= 0 AND open_price < 1e13),
    CONSTRAINT daily_market_data_high_ck CHECK (high_price >= low_price AND high_price < 1e13),
    CONSTRAINT daily_market_data_low_ck CHECK (low_price >= 0 AND low_price < 1e13),
    CONSTRAINT daily_market_data_close_ck CHECK (close_price > 0 AND close_price < 1e13),
    CONSTRAINT daily_market_data_base_ck CHECK (base_price > 0 AND base_price < 1e13),
    CONSTRAINT daily_market_data_volume_ck CHECK (volume >= 0),
    CONSTRAINT daily_market_data_trade_value_ck CHECK (trade_value >= 0 AND trade_value < 1e20),
    CONSTRAINT daily_market_data_market_cap_ck CHECK (market_cap >= 0 AND market_cap < 1e20),
    CONSTRAINT daily_market_data_listed_shares_ck CHECK (listed_shares >= 0),
    CONSTRAINT daily_market_data_version_ck CHECK (data_version > 0),
    CONSTRAINT daily_market_data_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT daily_market_data_delete_reason_ck
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.daily_market_data_default PARTITION OF aegis.daily_market_data DEFAULT
WITH (fillfactor = 80);

CREATE INDEX daily_market_data_trade_date_ix ON aegis.daily_market_data
USING brin (trade_date) WITH (pages_per_range = 8);

COMMENT ON TABLE aegis.daily_market_data IS
'Daily bars by stock, trading date and price basis; KRW.';
COMMENT ON COLUMN aegis.daily_market_data.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.daily_market_data.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.daily_market_data.price_basis IS
'raw: as traded; adjusted: back-adjusted by the source.';
COMMENT ON COLUMN aegis.daily_market_data.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data.high_price IS
'Highest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data.low_price IS 'Lowest price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data.close_price IS
'Closing price, KRW; carried when nothing traded.';
COMMENT ON COLUMN aegis.daily_market_data.volume IS 'Shares traded that day.';
COMMENT ON COLUMN aegis.daily_market_data.trade_value IS
'Value traded that day, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data.market_cap IS
'Market capitalisation, KRW; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data.listed_shares IS
'Listed shares that day; null when unknown.';
COMMENT ON COLUMN aegis.daily_market_data.base_price IS
'Base price (기준가) the exchange compares the day with, KRW; null where the source has none.';
COMMENT ON COLUMN aegis.daily_market_data.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.daily_market_data.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.daily_market_data.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.daily_market_data.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.daily_market_data.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.daily_market_data.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.daily_market_data.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.daily_market_data.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.daily_market_data.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON TABLE aegis.daily_market_data_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.daily_market_data OWNER TO aegis_owner;
ALTER TABLE aegis.daily_market_data_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.daily_market_data TO aegis_reader;
