-- Listed and formerly listed instruments. A code that came with prices before its master row
-- stands here with its code alone.

CREATE TABLE aegis.stocks (
    stock_code text COLLATE "C" NOT NULL,
    stock_name text,
    market text,
    section text,
    isin text COLLATE "C",
    listed_shares bigint,
    listed_on date,
    delisted_on date,
    currency text COLLATE "C" NOT NULL DEFAULT 'KRW',
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

    CONSTRAINT stocks_pk PRIMARY KEY (stock_code),
    CONSTRAINT stocks_stock_code_ck CHECK (stock_code ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT stocks_listed_shares_ck CHECK (listed_shares >= 0),
    CONSTRAINT stocks_currency_ck CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT stocks_version_ck CHECK (data_version > 0),
    CONSTRAINT stocks_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT stocks_delete_reason_ck CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
);

COMMENT ON TABLE aegis.stocks IS
'Instruments by KRX short code; name and market are null until a master row has come.';
COMMENT ON COLUMN aegis.stocks.stock_code IS 'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.stocks.stock_name IS 'Korean name; null until a master row has come.';
COMMENT ON COLUMN aegis.stocks.market IS
'KOSPI, KOSDAQ, KOSDAQ GLOBAL or KONEX; null until a master row has come.';
COMMENT ON COLUMN aegis.stocks.section IS 'Section (소속부) of KOSDAQ; null elsewhere.';
COMMENT ON COLUMN aegis.stocks.isin IS 'ISIN; null when unknown.';
COMMENT ON COLUMN aegis.stocks.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.stocks.listed_on IS 'First listing day (KST); null when unknown.';
COMMENT ON COLUMN aegis.stocks.delisted_on IS 'Delisting day (KST); null while listed.';
COMMENT ON COLUMN aegis.stocks.currency IS 'ISO 4217 currency of its prices.';
COMMENT ON COLUMN aegis.stocks.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.stocks.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.stocks.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.stocks.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.stocks.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.stocks.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.stocks.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.stocks.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stocks.deleted_by IS 'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.stocks.delete_reason IS 'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.stocks.is_active IS
'Whether the row counts; false once it is soft-deleted.';

ALTER TABLE aegis.stocks OWNER TO aegis_owner;
GRANT SELECT ON aegis.stocks TO aegis_reader;
