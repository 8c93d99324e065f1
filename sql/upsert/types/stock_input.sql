-- One row of a company master, as a writer hands it over.

CREATE TYPE aegis.stock_input AS (
    stock_code text,
    stock_name text,
    market text,
    section text,
    isin text,
    listed_shares numeric,
    listed_on date,
    delisted_on date,
    event_at timestamptz,
    sequence_number bigint
);

COMMENT ON TYPE aegis.stock_input IS 'One row of a company master for aegis.upsert_stocks.';
COMMENT ON COLUMN aegis.stock_input.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.stock_input.stock_name IS 'Korean name as the source gives it.';
COMMENT ON COLUMN aegis.stock_input.market IS 'KOSPI, KOSDAQ, KOSDAQ GLOBAL or KONEX.';
COMMENT ON COLUMN aegis.stock_input.section IS 'Section (소속부) of KOSDAQ; null elsewhere.';
COMMENT ON COLUMN aegis.stock_input.isin IS 'ISIN; null when unknown.';
COMMENT ON COLUMN aegis.stock_input.listed_shares IS 'Listed shares; null when unknown.';
COMMENT ON COLUMN aegis.stock_input.listed_on IS 'First listing day (KST); null when unknown.';
COMMENT ON COLUMN aegis.stock_input.delisted_on IS 'Delisting day (KST); null while listed.';
COMMENT ON COLUMN aegis.stock_input.event_at IS 'When the source published it; decides which row is latest.';
COMMENT ON COLUMN aegis.stock_input.sequence_number IS 'Order within one event time; null: 0.';

ALTER TYPE aegis.stock_input OWNER TO aegis_owner;
REVOKE ALL ON TYPE aegis.stock_input FROM PUBLIC;
GRANT USAGE ON TYPE aegis.stock_input TO aegis_ingest, aegis_app, aegis_auditor;
