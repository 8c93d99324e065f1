-- The latest price of each stock and trading date. Latest wins: event time, source rank, sequence,
-- payload. No index holds last_updated: it would cost every update its HOT chain.

CREATE TABLE aegis.stock_prices (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    price numeric(15,2) NOT NULL,
    volume bigint NOT NULL,
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
    updated_count integer GENERATED ALWAYS AS (data_version - 1) STORED,

    CONSTRAINT stock_prices_pk PRIMARY KEY (stock_code, trade_date),
    CONSTRAINT stock_prices_price_ck CHECK (price > 0 AND price < 1e13),
    CONSTRAINT stock_prices_volume_ck CHECK (volume >= 0),
    CONSTRAINT stock_prices_version_ck CHECK (data_version > 0),
    CONSTRAINT stock_prices_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT stock_prices_delete_reason_ck
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.stock_prices_default PARTITION OF aegis.stock_prices DEFAULT
WITH (fillfactor = 80);

CREATE INDEX stock_prices_trade_date_ix ON aegis.stock_prices
USING brin (trade_date) WITH (pages_per_range = 8);

COMMENT ON TABLE aegis.stock_prices IS
'Latest observed price by stock and trading date; KRW, as traded, not adjusted.';
COMMENT ON COLUMN aegis.stock_prices.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_prices.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_prices.price IS
'Last observed price of the day, KRW, as traded, not adjusted.';
COMMENT ON COLUMN aegis.stock_prices.volume IS 'Shares traded since the session opened.';
COMMENT ON COLUMN aegis.stock_prices.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_prices.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stock_prices.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stock_prices.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_prices.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stock_prices.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_prices.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stock_prices.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.stock_prices.updated_count IS 'How often the row has been changed.';
COMMENT ON TABLE aegis.stock_prices_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_prices OWNER TO aegis_owner;
ALTER TABLE aegis.stock_prices_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_prices TO aegis_reader;
