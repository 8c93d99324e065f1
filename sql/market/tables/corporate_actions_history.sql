-- What corporate_actions said before, found by stock code.

CREATE TABLE aegis.corporate_actions_history (
    stock_code text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    action_kind text COLLATE "C" NOT NULL,
    ratio numeric(24,12),
    price_factor numeric(24,12),
    announced_on date,
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

CREATE INDEX corporate_actions_history_stock_code_ix
ON aegis.corporate_actions_history (stock_code);

COMMENT ON TABLE aegis.corporate_actions_history IS
'Superseded versions of aegis.corporate_actions, written by its history trigger; append-only.';
COMMENT ON COLUMN aegis.corporate_actions_history.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.corporate_actions_history.effective_on IS
'First trading date on the new terms (ex-date, KST).';
COMMENT ON COLUMN aegis.corporate_actions_history.action_kind IS
'bonus_issue (무상증자), rights_issue (유상증자), split, reverse_split, capital_reduction, '
'merger, spin_off, stock_dividend, cash_dividend or other.';
COMMENT ON COLUMN aegis.corporate_actions_history.ratio IS
'New shares for one old share; null where the event has none.';
COMMENT ON COLUMN aegis.corporate_actions_history.price_factor IS
'Factor that brings earlier prices to the new terms (0.02 for a 50:1 split); null when unknown.';
COMMENT ON COLUMN aegis.corporate_actions_history.announced_on IS
'Day of the announcement (KST); null when unknown.';
COMMENT ON COLUMN aegis.corporate_actions_history.note IS
'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.corporate_actions_history.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.corporate_actions_history.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.corporate_actions_history.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.corporate_actions_history.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.corporate_actions_history.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.corporate_actions_history.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.corporate_actions_history.last_updated IS
'Event time of the current version at its source; the later wins.';
COMMENT ON COLUMN aegis.corporate_actions_history.deleted_at IS
'When the row was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions_history.deleted_by IS
'Who soft-deleted it; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions_history.delete_reason IS
'Why it was soft-deleted; null while it is active.';
COMMENT ON COLUMN aegis.corporate_actions_history.is_active IS
'Whether the row counts; false once it is soft-deleted.';
COMMENT ON COLUMN aegis.corporate_actions_history.superseded_at IS
'When this version was superseded.';
COMMENT ON COLUMN aegis.corporate_actions_history.superseded_by IS 'Login role that superseded it.';

ALTER TABLE aegis.corporate_actions_history OWNER TO aegis_owner;
GRANT SELECT ON aegis.corporate_actions_history TO aegis_reader;
