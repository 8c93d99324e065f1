-- One observed price, as a writer hands it over: wide enough that a bad value arrives and is judged.

CREATE TYPE aegis.stock_price_input AS (
    stock_code text,
    trade_date date,
    price numeric,
    volume numeric,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.stock_price_input IS
'One observed price for aegis.upsert_stock_prices; KRW, as traded, not adjusted.';
COMMENT ON COLUMN aegis.stock_price_input.stock_code IS 'KRX short code, text: 005930, 0115H0, 33637L.';
COMMENT ON COLUMN aegis.stock_price_input.trade_date IS
'Trading date of the venue (KST); null: the KST date of event_at.';
COMMENT ON COLUMN aegis.stock_price_input.price IS 'Price in KRW, as traded, at most two decimals.';
COMMENT ON COLUMN aegis.stock_price_input.volume IS 'Shares traded since the session opened.';
COMMENT ON COLUMN aegis.stock_price_input.event_at IS
'When the source observed it; decides which value is latest; null: the session close of trade_date.';
COMMENT ON COLUMN aegis.stock_price_input.sequence_number IS
'Order within one event time where the source numbers its messages; null: 0.';

ALTER TYPE aegis.stock_price_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.stock_price_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.stock_price_input TO aegis_ingest, aegis_app, aegis_auditor;
