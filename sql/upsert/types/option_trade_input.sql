-- One execution of an own option order, as the broker reports it.

CREATE TYPE aegis.option_trade_input AS (
    stock_code text,
    trade_date date,
    trade_id text,
    option_code text,
    option_type text,
    strike_price numeric,
    expires_on date,
    account_id text,
    side text,
    quantity numeric,
    price numeric,
    multiplier numeric,
    fee numeric,
    tax numeric,
    executed_at timestamptz,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.option_trade_input IS 'One execution for the table option_trades; KRW.';
COMMENT ON COLUMN aegis.option_trade_input.stock_code IS 'KRX short code of the underlying, text.';
COMMENT ON COLUMN aegis.option_trade_input.trade_date IS 'Trading date of the venue (KST); null: the KST date of executed_at.';
COMMENT ON COLUMN aegis.option_trade_input.trade_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.option_trade_input.option_code IS 'Code of the series.';
COMMENT ON COLUMN aegis.option_trade_input.option_type IS 'call or put.';
COMMENT ON COLUMN aegis.option_trade_input.strike_price IS 'Strike price, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trade_input.expires_on IS 'Last trading date of the series (KST).';
COMMENT ON COLUMN aegis.option_trade_input.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.option_trade_input.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.option_trade_input.quantity IS 'Contracts.';
COMMENT ON COLUMN aegis.option_trade_input.price IS 'Premium per unit, KRW; index points for index options.';
COMMENT ON COLUMN aegis.option_trade_input.multiplier IS 'Units or KRW per point of one contract; null: 1.';
COMMENT ON COLUMN aegis.option_trade_input.fee IS 'Fees, KRW; null: 0.';
COMMENT ON COLUMN aegis.option_trade_input.tax IS 'Taxes, KRW; null: 0.';
COMMENT ON COLUMN aegis.option_trade_input.executed_at IS 'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.option_trade_input.event_at IS 'When the broker published this version; the latest wins; null: executed_at.';
COMMENT ON COLUMN aegis.option_trade_input.sequence_number IS 'Order within one event time; null: 0.';

ALTER TYPE aegis.option_trade_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.option_trade_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.option_trade_input TO aegis_ingest, aegis_app;
