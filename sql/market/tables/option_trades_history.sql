-- What option_trades said before. No key and no index, as in stock_prices_history.

CREATE TABLE aegis.option_trades_history (
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
    multiplier numeric(15,2) NOT NULL,
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

CREATE TABLE aegis.option_trades_history_default PARTITION OF aegis.option_trades_history DEFAULT;

COMMENT ON TABLE aegis.option_trades_history IS
'Superseded versions of aegis.option_trades, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.option_trades_history.stock_code IS
'KRX short code of the underlying, text.';
COMMENT ON COLUMN aegis.option_trades_history.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.option_trades_history.trade_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.option_trades_history.option_code IS 'Code of the series.';
COMMENT ON COLUMN aegis.option_trades_history.option_type IS 'call or put.';
COMMENT ON COLUMN aegis.option_trades_history.strike_price IS
'Strike price, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trades_history.expires_on IS
'Last trading date of the series (KST).';
COMMENT ON COLUMN aegis.option_trades_history.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.option_trades_history.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.option_trades_history.quantity IS 'Contracts.';
COMMENT ON COLUMN aegis.option_trades_history.price IS
'Premium per unit, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trades_history.multiplier IS
'Units or KRW per point of one contract.';
COMMENT ON COLUMN aegis.option_trades_history.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.option_trades_history.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.option_trades_history.executed_at IS
'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.option_trades_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.option_trades_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.option_trades_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.option_trades_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.option_trades_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.option_trades_history.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.option_trades_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.option_trades_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.option_trades_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.option_trades_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.option_trades_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.option_trades_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.option_trades_history.superseded_by IS 'Login role that superseded it.';
COMMENT ON TABLE aegis.option_trades_history_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.option_trades_history OWNER TO aegis_owner;
ALTER TABLE aegis.option_trades_history_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.option_trades_history TO aegis_reader;
