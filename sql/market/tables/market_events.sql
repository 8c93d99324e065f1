-- What happened to a code and for how long: listings by market, liquidation trading, halts, watch. A code that was
-- delisted and given to another company has two listings; the day tells which.

CREATE TABLE aegis.market_events (
    stock_code text COLLATE "C" NOT NULL,
    event_kind text COLLATE "C" NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    market text COLLATE "C",
    is_first_day boolean,
    offer_price numeric(15,2),
    leverage numeric(6,2),
    note text,
    source text COLLATE "C" NOT NULL,
    source_rank smallint NOT NULL,
    sequence_number bigint NOT NULL DEFAULT 0,
    batch_number bigint NOT NULL,
    data_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_updated timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED,

    CONSTRAINT market_events_pk PRIMARY KEY (stock_code, event_kind, starts_on),
    CONSTRAINT market_events_stock_code_ck CHECK (stock_code ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT market_events_kind_ck CHECK (event_kind IN ('listing', 'liquidation', 'halt', 'watch')),
    CONSTRAINT market_events_period_ck CHECK (isfinite(starts_on) AND starts_on <= ends_on),
    CONSTRAINT market_events_listing_ck CHECK (
        event_kind = 'listing' AND market IS NOT NULL AND is_first_day IS NOT NULL
        OR event_kind <> 'listing' AND num_nonnulls(market, is_first_day, offer_price, leverage) = 0
    ),
    CONSTRAINT market_events_offer_price_ck CHECK (offer_price > 0 AND offer_price < 1e13),
    CONSTRAINT market_events_leverage_ck CHECK (leverage BETWEEN 1 AND 10),
    CONSTRAINT market_events_version_ck CHECK (data_version > 0),
    CONSTRAINT market_events_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT market_events_delete_reason_ck CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
);

COMMENT ON TABLE aegis.market_events IS
'Listings by market, liquidation trading, halts and watch of a code, with their periods; inclusive days.';
COMMENT ON COLUMN aegis.market_events.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.market_events.event_kind IS
'listing (from first to last day on a market), liquidation (정리매매), halt (거래정지) or watch (관리종목).';
COMMENT ON COLUMN aegis.market_events.starts_on IS
'First trading date (KST); of a listing the first day on that market.';
COMMENT ON COLUMN aegis.market_events.ends_on IS 'Last trading date (KST); null: open.';
COMMENT ON COLUMN aegis.market_events.market IS 'Market of a listing, as the source calls it; null for other kinds.';
COMMENT ON COLUMN aegis.market_events.is_first_day IS
'Whether a listing begins with a new stock; false: a transfer, a relisting or a code first seen. Null for other kinds.';
COMMENT ON COLUMN aegis.market_events.offer_price IS 'Offer price (공모가) of a new listing, KRW; null when unknown.';
COMMENT ON COLUMN aegis.market_events.leverage IS 'Multiple of the daily price limit (2 for a 2x ETF); null: 1.';
COMMENT ON COLUMN aegis.market_events.note IS 'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.market_events.source IS 'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.market_events.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.market_events.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.market_events.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.market_events.data_version IS '1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.market_events.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.market_events.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.market_events.deleted_at IS 'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.market_events.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.market_events.delete_reason IS 'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.market_events.is_active IS 'Whether the row counts; false once it is soft-deleted.';

ALTER TABLE aegis.market_events OWNER TO aegis_owner;
GRANT SELECT ON aegis.market_events TO aegis_reader;
