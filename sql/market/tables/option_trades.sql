-- Executed option trades of our own accounts, keyed by the underlying so that they lie with it.

CREATE TABLE aegis.option_trades (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    trade_id text COLLATE "C" NOT NULL,
    option_code text COLLATE "C" NOT NULL,
    option_type text NOT NULL,
    strike_price numeric(15,2) NOT NULL,
    expires_on date NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    side text NOT NULL,
    quantity bigint NOT NULL,
    price numeric(15,2) NOT NULL,
    multiplier numeric(15,2) NOT NULL DEFAULT 1,
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

    CONSTRAINT option_trades_pk PRIMARY KEY (stock_code, trade_date, trade_id),
    CONSTRAINT option_trades_stock_code_ck CHECK (stock_code ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT option_trades_type_ck CHECK (option_type IN ('call', 'put')),
    CONSTRAINT option_trades_strike_price_ck CHECK (strike_price > 0 AND strike_price < 1e13),
    CONSTRAINT option_trades_expires_on_ck
    CHECK (expires_on >= trade_date AND isfinite(expires_on)),
    CONSTRAINT option_trades_side_ck CHECK (side IN ('buy', 'sell')),
    CONSTRAINT option_trades_quantity_ck CHECK (quantity > 0),
    CONSTRAINT option_trades_price_ck CHECK (price > 0 AND price < 1e13),
    CONSTRAINT option_trades_multiplier_ck CHECK (multiplier > 0 AND multiplier < 1e13),
    CONSTRAINT option_trades_fee_ck CHECK (fee >= 0 AND fee < 1e13),
    CONSTRAINT option_trades_tax_ck CHECK (tax >= 0 AND tax < 1e13),
    CONSTRAINT option_trades_executed_at_ck
    CHECK ((executed_at AT TIME ZONE 'Asia/Seoul')::date = trade_date),
    CONSTRAINT option_trades_version_ck CHECK (data_version > 0),
    CONSTRAINT option_trades_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT option_trades_delete_reason_ck
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.option_trades_default PARTITION OF aegis.option_trades DEFAULT
WITH (fillfactor = 90);

CREATE INDEX option_trades_trade_date_ix ON aegis.option_trades
USING brin (trade_date) WITH (pages_per_range = 8);

COMMENT ON TABLE aegis.option_trades IS
'Executions of our own option orders by the broker''s trade id; KRW.';
COMMENT ON COLUMN aegis.option_trades.stock_code IS 'KRX short code of the underlying, text.';
COMMENT ON COLUMN aegis.option_trades.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.option_trades.trade_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.option_trades.option_code IS 'Code of the series.';
COMMENT ON COLUMN aegis.option_trades.option_type IS 'call or put.';
COMMENT ON COLUMN aegis.option_trades.strike_price IS
'Strike price, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trades.expires_on IS 'Last trading date of the series (KST).';
COMMENT ON COLUMN aegis.option_trades.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.option_trades.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.option_trades.quantity IS 'Contracts.';
COMMENT ON COLUMN aegis.option_trades.price IS
'Premium per unit, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trades.multiplier IS 'Units or KRW per point of one contract.';
COMMENT ON COLUMN aegis.option_trades.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.option_trades.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.option_trades.executed_at IS 'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.option_trades.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.option_trades.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.option_trades.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.option_trades.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.option_trades.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.option_trades.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.option_trades.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.option_trades.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.option_trades.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.option_trades.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.option_trades.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON TABLE aegis.option_trades_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.option_trades OWNER TO aegis_owner;
ALTER TABLE aegis.option_trades_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.option_trades TO aegis_reader;
