-- Instruments in use: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_stocks AS
SELECT
    t.stock_code,
    t.stock_name,
    t.market,
    t.section,
    t.isin,
    t.listed_shares,
    t.listed_on,
    t.delisted_on,
    t.currency,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated
FROM aegis.stocks AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_stocks IS
'Instruments that are not soft-deleted; columns as in aegis.stocks.';
COMMENT ON COLUMN aegis.active_stocks.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_stocks.stock_name IS
'Korean name; null until a master row has come.';
COMMENT ON COLUMN aegis.active_stocks.market IS
'KOSPI, KOSDAQ, KOSDAQ GLOBAL or KONEX; null until a master row has come.';
COMMENT ON COLUMN aegis.active_stocks.section IS 'Section (소속부) of KOSDAQ; null elsewhere.';
COMMENT ON COLUMN aegis.active_stocks.isin IS 'ISIN; null when unknown.';
COMMENT ON COLUMN aegis.active_stocks.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.active_stocks.listed_on IS 'First listing day (KST); null when unknown.';
COMMENT ON COLUMN aegis.active_stocks.delisted_on IS 'Delisting day (KST); null while listed.';
COMMENT ON COLUMN aegis.active_stocks.currency IS 'ISO 4217 currency of its prices.';
COMMENT ON COLUMN aegis.active_stocks.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_stocks.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_stocks.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_stocks.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_stocks.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_stocks.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.active_stocks.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_stocks OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_stocks TO aegis_reader;
