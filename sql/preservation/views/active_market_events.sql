-- Market events that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_market_events AS
SELECT
    t.stock_code,
    t.event_kind,
    t.starts_on,
    t.ends_on,
    t.market,
    t.is_first_day,
    t.offer_price,
    t.leverage,
    t.note,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated
FROM aegis.market_events AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_market_events IS
'Market events that are not soft-deleted; columns as in aegis.market_events.';
COMMENT ON COLUMN aegis.active_market_events.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_market_events.event_kind IS
'listing (from first to last day on a market), liquidation (정리매매), halt (거래정지) or watch (관리종목).';
COMMENT ON COLUMN aegis.active_market_events.starts_on IS
'First trading date (KST); of a listing the first day on that market.';
COMMENT ON COLUMN aegis.active_market_events.ends_on IS 'Last trading date (KST); null: open.';
COMMENT ON COLUMN aegis.active_market_events.market IS
'Market of a listing, as the source calls it; null for other kinds.';
COMMENT ON COLUMN aegis.active_market_events.is_first_day IS
'Whether a listing begins with a new stock; false: a transfer, a relisting or a code first seen. Null for other kinds.';
COMMENT ON COLUMN aegis.active_market_events.offer_price IS
'Offer price (공모가) of a new listing, KRW; null when unknown.';
COMMENT ON COLUMN aegis.active_market_events.leverage IS
'Multiple of the daily price limit (2 for a 2x ETF); null: 1.';
COMMENT ON COLUMN aegis.active_market_events.note IS
'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.active_market_events.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_market_events.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_market_events.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_market_events.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_market_events.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_market_events.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.active_market_events.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_market_events OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_market_events TO aegis_reader;
