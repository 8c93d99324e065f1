-- Prices that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_stock_prices AS
SELECT
    t.stock_code,
    t.trade_date,
    t.price,
    t.volume,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated,
    t.updated_count
FROM aegis.stock_prices AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_stock_prices IS
'Prices that are not soft-deleted, KRW, as traded; columns as in aegis.stock_prices.';
COMMENT ON COLUMN aegis.active_stock_prices.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_stock_prices.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.active_stock_prices.price IS
'Last observed price of the day, KRW, as traded, not adjusted.';
COMMENT ON COLUMN aegis.active_stock_prices.volume IS 'Shares traded since the session opened.';
COMMENT ON COLUMN aegis.active_stock_prices.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_stock_prices.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_stock_prices.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_stock_prices.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_stock_prices.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_stock_prices.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.active_stock_prices.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.active_stock_prices.updated_count IS 'How often the row has been changed.';

ALTER VIEW aegis.active_stock_prices OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_stock_prices TO aegis_reader;
