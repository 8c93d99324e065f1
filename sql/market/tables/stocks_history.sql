-- What stocks said before. A master row changes a few times a year, so a b-tree on the code is
-- cheap here.

CREATE TABLE aegis.stocks_history (
    stock_code text COLLATE "C" NOT NULL,
    stock_name text,
    market text,
    section text,
    isin text COLLATE "C",
    listed_shares bigint,
    listed_on date,
    delisted_on date,
    currency text COLLATE "C" NOT NULL,
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

CREATE INDEX stocks_history_stock_code_ix ON aegis.stocks_history (stock_code);

COMMENT ON TABLE aegis.stocks_history IS
'Superseded versions of aegis.stocks, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.stocks_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stocks_history.stock_name IS
'Korean name; null until a master row has come.';
COMMENT ON COLUMN aegis.stocks_history.market IS
'KOSPI, KOSDAQ, KOSDAQ GLOBAL or KONEX; null until a master row has come.';
COMMENT ON COLUMN aegis.stocks_history.section IS 'Section (소속부) of KOSDAQ; null elsewhere.';
COMMENT ON COLUMN aegis.stocks_history.isin IS 'ISIN; null when unknown.';
COMMENT ON COLUMN aegis.stocks_history.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.stocks_history.listed_on IS 'First listing day (KST); null when unknown.';
COMMENT ON COLUMN aegis.stocks_history.delisted_on IS 'Delisting day (KST); null while listed.';
COMMENT ON COLUMN aegis.stocks_history.currency IS 'ISO 4217 currency of its prices.';
COMMENT ON COLUMN aegis.stocks_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stocks_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stocks_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stocks_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stocks_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stocks_history.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stocks_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stocks_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stocks_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stocks_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stocks_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.stocks_history.superseded_at IS 'When this version was superseded.';
COMMENT ON COLUMN aegis.stocks_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.stocks_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.stocks_history TO aegis_reader;
