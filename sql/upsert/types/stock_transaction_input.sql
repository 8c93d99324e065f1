-- One execution of an own stock order, as the broker reports it.

CREATE TYPE aegis.stock_transaction_input AS (
    stock_code text,
    trade_date date,
    transaction_id text,
    account_id text,
    side text,
    quantity numeric,
    price numeric,
    fee numeric,
    tax numeric,
    executed_at timestamptz,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.stock_transaction_input IS 'One execution for the table stock_transactions; KRW.';
COMMENT ON COLUMN aegis.stock_transaction_input.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.stock_transaction_input.trade_date IS 'Trading date of the venue (KST); null: the KST date of executed_at.';
COMMENT ON COLUMN aegis.stock_transaction_input.transaction_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.stock_transaction_input.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.stock_transaction_input.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.stock_transaction_input.quantity IS 'Shares.';
COMMENT ON COLUMN aegis.stock_transaction_input.price IS 'Price per share, KRW.';
COMMENT ON COLUMN aegis.stock_transaction_input.fee IS 'Fees, KRW; null: 0.';
COMMENT ON COLUMN aegis.stock_transaction_input.tax IS 'Taxes, KRW; null: 0.';
COMMENT ON COLUMN aegis.stock_transaction_input.executed_at IS 'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.stock_transaction_input.event_at IS 'When the broker published this version; the latest wins; null: executed_at.';
COMMENT ON COLUMN aegis.stock_transaction_input.sequence_number IS 'Order within one event time; null: 0.';

ALTER TYPE aegis.stock_transaction_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.stock_transaction_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.stock_transaction_input TO aegis_ingest, aegis_app;
