-- Ticks that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_stock_ticks AS
SELECT
    t.stock_code,
    t.trade_date,
    t.venue,
    t.traded_at,
    t.sequence_number,
    t.price,
    t.volume,
    t.side,
    t.source,
    t.batch_number,
    t.created_at
FROM aegis.stock_ticks AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_stock_ticks IS
'Ticks that are not soft-deleted; columns as in aegis.stock_ticks.';
COMMENT ON COLUMN aegis.active_stock_ticks.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_stock_ticks.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.active_stock_ticks.venue IS 'Where it was traded: XKRX (KRX) or NXT (Nextrade).';
COMMENT ON COLUMN aegis.active_stock_ticks.traded_at IS 'When the trade happened at the venue.';
COMMENT ON COLUMN aegis.active_stock_ticks.sequence_number IS
'Order within one moment as the venue or the source numbers it; 0 where they do not.';
COMMENT ON COLUMN aegis.active_stock_ticks.price IS 'Price of the trade, KRW.';
COMMENT ON COLUMN aegis.active_stock_ticks.volume IS 'Shares of this trade alone.';
COMMENT ON COLUMN aegis.active_stock_ticks.side IS
'buy or sell, by who took the liquidity; null in auctions and when unknown.';
COMMENT ON COLUMN aegis.active_stock_ticks.source IS 'Source, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_stock_ticks.batch_number IS 'Batch that brought it, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_stock_ticks.created_at IS 'When the row came into the database.';

ALTER VIEW aegis.active_stock_ticks OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_stock_ticks TO aegis_reader;
