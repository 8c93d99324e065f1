-- One event of a code, as a writer hands it over.

CREATE TYPE aegis.market_event_input AS (
    stock_code text,
    event_kind text,
    starts_on date,
    ends_on date,
    market text,
    is_first_day boolean,
    offer_price numeric,
    leverage numeric,
    note text,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.market_event_input IS
'One listing, liquidation, halt or watch for aegis.upsert_market_events.';
COMMENT ON COLUMN aegis.market_event_input.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.market_event_input.event_kind IS
'listing (from first to last day on a market), liquidation (정리매매), halt (거래정지) or watch (관리종목).';
COMMENT ON COLUMN aegis.market_event_input.starts_on IS
'First trading date (KST); of a listing the first day on that market.';
COMMENT ON COLUMN aegis.market_event_input.ends_on IS 'Last trading date (KST); null: open.';
COMMENT ON COLUMN aegis.market_event_input.market IS
'Market of a listing, as the source calls it; null for other kinds.';
COMMENT ON COLUMN aegis.market_event_input.is_first_day IS
'Whether a listing begins with a new stock; false: a transfer, a relisting or a code first seen. Null for other kinds.';
COMMENT ON COLUMN aegis.market_event_input.offer_price IS
'Offer price (공모가) of a new listing, KRW; null when unknown.';
COMMENT ON COLUMN aegis.market_event_input.leverage IS 'Multiple of the daily price limit (2 for a 2x ETF); null: 1.';
COMMENT ON COLUMN aegis.market_event_input.note IS 'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.market_event_input.event_at IS
'When the source published it; decides which version is latest.';
COMMENT ON COLUMN aegis.market_event_input.sequence_number IS
'Order within one event time where the source numbers its messages; null: 0.';

ALTER TYPE aegis.market_event_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.market_event_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.market_event_input TO aegis_ingest, aegis_app, aegis_auditor;
