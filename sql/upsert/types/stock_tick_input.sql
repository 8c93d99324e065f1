-- One trade of the tape, as a writer hands it over: wide enough that a bad value arrives and is judged.

CREATE TYPE aegis.stock_tick_input AS (
    stock_code text,
    trade_date date,
    traded_at timestamptz,
    sequence_number bigint,
    price numeric,
    volume numeric,
    side text,
    venue text
);

COMMENT ON TYPE aegis.stock_tick_input IS 'One trade for the table stock_ticks; KRW, as traded.';
COMMENT ON COLUMN aegis.stock_tick_input.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.stock_tick_input.trade_date IS 'Trading date of the venue (KST); null: the KST date of traded_at.';
COMMENT ON COLUMN aegis.stock_tick_input.traded_at IS 'When the trade happened at the venue.';
COMMENT ON COLUMN aegis.stock_tick_input.sequence_number IS 'Order within one moment as the venue or the source numbers it; null: 0.';
COMMENT ON COLUMN aegis.stock_tick_input.price IS 'Price of the trade, KRW.';
COMMENT ON COLUMN aegis.stock_tick_input.volume IS 'Shares of this trade alone.';
COMMENT ON COLUMN aegis.stock_tick_input.side IS 'buy or sell, by who took the liquidity; null in auctions and when unknown.';
COMMENT ON COLUMN aegis.stock_tick_input.venue IS 'Where it was traded, XKRX or NXT; null: XKRX.';

ALTER TYPE aegis.stock_tick_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.stock_tick_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.stock_tick_input TO aegis_ingest, aegis_app;
