-- What market_events said before.

CREATE TABLE aegis.market_events_history (
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
    sequence_number bigint NOT NULL,
    batch_number bigint NOT NULL,
    data_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    delete_reason text,
    is_active boolean NOT NULL,
    superseded_at timestamptz NOT NULL,
    superseded_by text NOT NULL
);

COMMENT ON TABLE aegis.market_events_history IS
'Superseded versions of aegis.market_events, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.market_events_history.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.market_events_history.event_kind IS
'listing (from first to last day on a market), liquidation (정리매매), halt (거래정지) or watch (관리종목).';
COMMENT ON COLUMN aegis.market_events_history.starts_on IS
'First trading date (KST); of a listing the first day on that market.';
COMMENT ON COLUMN aegis.market_events_history.ends_on IS 'Last trading date (KST); null: open.';
COMMENT ON COLUMN aegis.market_events_history.market IS
'Market of a listing, as the source calls it; null for other kinds.';
COMMENT ON COLUMN aegis.market_events_history.is_first_day IS
'Whether a listing begins with a new stock; false: a transfer, a relisting or a code first seen. Null for other kinds.';
COMMENT ON COLUMN aegis.market_events_history.offer_price IS
'Offer price (공모가) of a new listing, KRW; null when unknown.';
COMMENT ON COLUMN aegis.market_events_history.leverage IS
'Multiple of the daily price limit (2 for a 2x ETF); null: 1.';
COMMENT ON COLUMN aegis.market_events_history.note IS 'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.market_events_history.source IS 'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.market_events_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.market_events_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.market_events_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.market_events_history.data_version IS '1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.market_events_history.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.market_events_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.market_events_history.deleted_at IS 'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.market_events_history.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.market_events_history.delete_reason IS 'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.market_events_history.is_active IS 'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.market_events_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.market_events_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.market_events_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.market_events_history TO aegis_reader;
