-- Events that reset the base price or the number of shares.

CREATE TABLE aegis.corporate_actions (
    stock_code text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    action_kind text COLLATE "C" NOT NULL,
    ratio numeric(24,12),
    price_factor numeric(24,12),
    announced_on date,
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

    CONSTRAINT corporate_actions_pk PRIMARY KEY (stock_code, effective_on, action_kind),
    CONSTRAINT corporate_actions_stock_code_ck CHECK (stock_code ~ '^[0-9A-Z]{1,12}$'),
    CONSTRAINT corporate_actions_kind_ck CHECK (action_kind IN (
        'bonus_issue', 'rights_issue', 'split', 'reverse_split', 'capital_reduction', 'merger',
        'spin_off', 'stock_dividend', 'cash_dividend', 'other'
    )),
    CONSTRAINT corporate_actions_ratio_ck CHECK (ratio > 0 AND ratio < 1e9),
    CONSTRAINT corporate_actions_price_factor_ck CHECK (price_factor > 0 AND price_factor < 1e9),
    CONSTRAINT corporate_actions_version_ck CHECK (data_version > 0),
    CONSTRAINT corporate_actions_deleted_by_ck CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT corporate_actions_delete_reason_ck
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
);

COMMENT ON TABLE aegis.corporate_actions IS
'Splits, rights issues, mergers and their like by ex-date; price_factor scales earlier prices.';
COMMENT ON COLUMN aegis.corporate_actions.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.corporate_actions.effective_on IS
'First trading date on the new terms (ex-date, KST).';
COMMENT ON COLUMN aegis.corporate_actions.action_kind IS
'bonus_issue (무상증자), rights_issue (유상증자), split, reverse_split, capital_reduction, '
'merger, spin_off, stock_dividend, cash_dividend or other.';
COMMENT ON COLUMN aegis.corporate_actions.ratio IS
'New shares for one old share; null where the event has none.';
COMMENT ON COLUMN aegis.corporate_actions.price_factor IS
'Factor that brings earlier prices to the new terms (0.02 for a 50:1 split); null when unknown.';
COMMENT ON COLUMN aegis.corporate_actions.announced_on IS
'Day of the announcement (KST); null when unknown.';
COMMENT ON COLUMN aegis.corporate_actions.note IS 'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.corporate_actions.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.corporate_actions.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.corporate_actions.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.corporate_actions.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.corporate_actions.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.corporate_actions.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.corporate_actions.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.corporate_actions.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions.is_active IS
'Whether the row counts; false once it is soft-deleted.';

ALTER TABLE aegis.corporate_actions OWNER TO aegis_owner;
GRANT SELECT ON aegis.corporate_actions TO aegis_reader;
