-- What stock_prices said before. No key and no index: the history trigger appends to a heap. aegis.tune_partitions
-- gives a BRIN to a month that is over.

CREATE TABLE aegis.stock_prices_history (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    price numeric(15,2) NOT NULL,
    volume bigint NOT NULL,
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

CREATE TABLE aegis.stock_prices_history_default PARTITION OF aegis.stock_prices_history DEFAULT;

COMMENT ON TABLE aegis.stock_prices_history IS
'Superseded versions of aegis.stock_prices, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.stock_prices_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_prices_history.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_prices_history.price IS
'Last observed price of the day, KRW, as traded, not adjusted.';
COMMENT ON COLUMN aegis.stock_prices_history.volume IS 'Shares traded since the session opened.';
COMMENT ON COLUMN aegis.stock_prices_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_prices_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stock_prices_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stock_prices_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_prices_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stock_prices_history.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_prices_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stock_prices_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_prices_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.stock_prices_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.stock_prices_history.superseded_by IS 'Login role that superseded it.';
COMMENT ON TABLE aegis.stock_prices_history_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_prices_history OWNER TO aegis_owner;
ALTER TABLE aegis.stock_prices_history_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_prices_history TO aegis_reader;
