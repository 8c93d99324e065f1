-- Single trades as they stream by; the finest grain there is, a partition a day.
--
-- The venue is part of the key: each venue counts its trades by itself, and feeds stamp them by the second, so that two
-- trades of one code may share moment and number.

CREATE TABLE aegis.stock_ticks (
    stock_code text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    venue text COLLATE "C" NOT NULL DEFAULT 'XKRX',
    traded_at timestamptz NOT NULL,
    sequence_number bigint NOT NULL DEFAULT 0,
    price numeric(15,2) NOT NULL,
    volume bigint NOT NULL,
    side text,
    source text COLLATE "C" NOT NULL,
    batch_number bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED,

    CONSTRAINT stock_ticks_pk PRIMARY KEY (stock_code, trade_date, venue, traded_at, sequence_number),
    CONSTRAINT stock_ticks_venue_ck CHECK (venue IN ('XKRX', 'NXT')),
    CONSTRAINT stock_ticks_traded_at_ck
    CHECK ((traded_at AT TIME ZONE 'Asia/Seoul')::date = trade_date),
    CONSTRAINT stock_ticks_price_ck CHECK (price > 0 AND price < 1e13),
    CONSTRAINT stock_ticks_volume_ck CHECK (volume > 0),
    CONSTRAINT stock_ticks_side_ck CHECK (side IN ('buy', 'sell')),
    CONSTRAINT stock_ticks_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT stock_ticks_delete_reason_ck CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
)
PARTITION BY RANGE (trade_date);

CREATE TABLE aegis.stock_ticks_default PARTITION OF aegis.stock_ticks DEFAULT;

CREATE INDEX stock_ticks_trade_date_ix ON aegis.stock_ticks
USING brin (trade_date) WITH (pages_per_range = 8);

COMMENT ON TABLE aegis.stock_ticks IS 'Trades tick by tick; KRW, as traded.';
COMMENT ON COLUMN aegis.stock_ticks.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stock_ticks.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.stock_ticks.venue IS 'Where it was traded: XKRX (KRX, 한국거래소) or NXT (Nextrade, 넥스트레이드).';
COMMENT ON COLUMN aegis.stock_ticks.traded_at IS 'When the trade happened at the venue.';
COMMENT ON COLUMN aegis.stock_ticks.sequence_number IS
'Order within one moment as the venue or the source numbers it; 0 where they do not.';
COMMENT ON COLUMN aegis.stock_ticks.price IS 'Price of the trade, KRW.';
COMMENT ON COLUMN aegis.stock_ticks.volume IS 'Shares of this trade alone.';
COMMENT ON COLUMN aegis.stock_ticks.side IS
'buy or sell, by who took the liquidity; null in auctions and when unknown.';
COMMENT ON COLUMN aegis.stock_ticks.source IS 'Source, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stock_ticks.batch_number IS
'Batch that brought it, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stock_ticks.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stock_ticks.deleted_at IS 'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks.delete_reason IS 'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stock_ticks.is_active IS 'Whether the row counts; false once it is soft-deleted.';
COMMENT ON TABLE aegis.stock_ticks_default IS
'Rows of dates that have no partition yet; aegis.maintain_partitions moves them.';

ALTER TABLE aegis.stock_ticks OWNER TO aegis_owner;
ALTER TABLE aegis.stock_ticks_default OWNER TO aegis_owner;
GRANT SELECT ON aegis.stock_ticks TO aegis_reader;
