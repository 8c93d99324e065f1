-- What stock_ticks said before. Ticks are hardly ever corrected; where one is, its former self
-- leaves with the day it belongs to. No key and no index, as in stock_prices_history.

CREATE TABLE aegis.stock_ticks_history (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    venue text COLLATE "C" NOT NULL,
    traded_at timestamptz NOT NULL,
    sequence_number bigint NOT NULL,
    price numeric(15,2) NOT NULL,
    volume bigint NOT NULL,
    side text,
    source text COLLATE "C" NOT NULL,
    batch_number bigint NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.stock_ticks_history_default PARTITION OF aegis.stock_ticks_history DEFAULT;

COMMENT ON TABLE aegis.stock_ticks_history IS
'Superseded versions of aegis.stock_ticks, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.stock_ticks_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_ticks_history.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_ticks_history.venue IS
'Where it was traded: XKRX (KRX, 한국거래소) or NXT (Nextrade, 넥스트레이드).';
COMMENT ON COLUMN aegis.stock_ticks_history.traded_at IS 'When the trade happened at the venue.';
COMMENT ON COLUMN aegis.stock_ticks_history.sequence_number IS
'Order within one moment as the venue or the source numbers it; 0 where they do not.';
COMMENT ON COLUMN aegis.stock_ticks_history.price IS 'Price of the trade, KRW.';
COMMENT ON COLUMN aegis.stock_ticks_history.volume IS 'Shares of this trade alone.';
COMMENT ON COLUMN aegis.stock_ticks_history.side IS
'buy or sell, by who took the liquidity; null in auctions and when unknown.';
COMMENT ON COLUMN aegis.stock_ticks_history.source IS 'Source, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_ticks_history.batch_number IS
'Batch that brought it, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_ticks_history.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_ticks_history.deleted_at IS 'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks_history.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks_history.delete_reason IS 'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks_history.is_active IS 'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.stock_ticks_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.stock_ticks_history.superseded_by IS 'Login role that superseded it.';
COMMENT ON TABLE aegis.stock_ticks_history_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_ticks_history OWNER TO aegis_owner;
ALTER TABLE aegis.stock_ticks_history_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_ticks_history TO aegis_reader;
