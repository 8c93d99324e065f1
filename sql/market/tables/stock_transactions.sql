-- Executed stock trades of our own accounts, kept for seven calendar years at least.

CREATE TABLE aegis.stock_transactions (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    side text NOT NULL,
    quantity bigint NOT NULL,
    price numeric(15,2) NOT NULL,
    fee numeric(15,2) NOT NULL DEFAULT 0,
    tax numeric(15,2) NOT NULL DEFAULT 0,
    executed_at timestamptz NOT NULL,
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

    CONSTRAINT stock_transactions_pk PRIMARY KEY (stock_code, trade_date, transaction_id),
    CONSTRAINT stock_transactions_stock_code_ck CHECK (stock_code ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT stock_transactions_side_ck CHECK (side IN ('buy', 'sell')),
    CONSTRAINT stock_transactions_quantity_ck CHECK (quantity > 0),
    CONSTRAINT stock_transactions_price_ck CHECK (price > 0 AND price < 1e13),
    CONSTRAINT stock_transactions_fee_ck CHECK (fee >= 0 AND fee < 1e13),
    CONSTRAINT stock_transactions_tax_ck CHECK (tax >= 0 AND tax < 1e13),
    CONSTRAINT stock_transactions_executed_at_ck
    CHECK ((executed_at AT TIME ZONE 'Asia/Seoul')::date = trade_date),
    CONSTRAINT stock_transactions_version_ck CHECK (data_version > 0),
    CONSTRAINT stock_transactions_deleted_by_ck
    CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT stock_transactions_delete_reason_ck
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.stock_transactions_default PARTITION OF aegis.stock_transactions DEFAULT
WITH (fillfactor = 90);

CREATE INDEX stock_transactions_trade_date_ix ON aegis.stock_transactions
USING brin (trade_date) WITH (pages_per_range = 8);

COMMENT ON TABLE aegis.stock_transactions IS
'Executions of our own stock orders by the broker''s transaction id; KRW.';
COMMENT ON COLUMN aegis.stock_transactions.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_transactions.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_transactions.transaction_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.stock_transactions.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.stock_transactions.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.stock_transactions.quantity IS 'Shares.';
COMMENT ON COLUMN aegis.stock_transactions.price IS 'Price per share, KRW.';
COMMENT ON COLUMN aegis.stock_transactions.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.stock_transactions.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.stock_transactions.executed_at IS
'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.stock_transactions.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_transactions.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stock_transactions.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stock_transactions.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_transactions.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stock_transactions.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_transactions.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stock_transactions.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_transactions.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON TABLE aegis.stock_transactions_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_transactions OWNER TO aegis_owner;
ALTER TABLE aegis.stock_transactions_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_transactions TO aegis_reader;
