-- What stock_transactions said before. No key and no index, as in stock_prices_history.

CREATE TABLE aegis.stock_transactions_history (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    side text NOT NULL,
    quantity bigint NOT NULL,
    price numeric(15,2) NOT NULL,
    fee numeric(15,2) NOT NULL,
    tax numeric(15,2) NOT NULL,
    executed_at timestamptz NOT NULL,
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

CREATE TABLE aegis.stock_transactions_history_default PARTITION OF aegis.stock_transactions_history
DEFAULT;

COMMENT ON TABLE aegis.stock_transactions_history IS
'Superseded versions of aegis.stock_transactions, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.stock_transactions_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_transactions_history.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_transactions_history.transaction_id IS
'Execution number of the broker.';
COMMENT ON COLUMN aegis.stock_transactions_history.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.stock_transactions_history.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.stock_transactions_history.quantity IS 'Shares.';
COMMENT ON COLUMN aegis.stock_transactions_history.price IS 'Price per share, KRW.';
COMMENT ON COLUMN aegis.stock_transactions_history.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.stock_transactions_history.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.stock_transactions_history.executed_at IS
'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.stock_transactions_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_transactions_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stock_transactions_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stock_transactions_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_transactions_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stock_transactions_history.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_transactions_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stock_transactions_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.stock_transactions_history.superseded_at IS
'When this version was superseded.';
COMMENT ON COLUMN aegis.stock_transactions_history.superseded_by IS
'Login role that superseded it.';
COMMENT ON TABLE aegis.stock_transactions_history_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_transactions_history OWNER TO aegis_owner;
ALTER TABLE aegis.stock_transactions_history_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_transactions_history TO aegis_reader;
