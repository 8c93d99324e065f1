-- Rows that nobody may take away for now, whatever permits it otherwise. A hold covers the rows
-- that meet all of its conditions; a condition left null is met by every row. Subjects are kept
-- as keyed hashes, so that a hold outlives an erasure without naming anybody.

CREATE TABLE aegis.legal_holds (
    hold_id bigint GENERATED ALWAYS AS IDENTITY,
    table_names text[],
    stock_codes text[],
    subject_hashes bytea[],
    from_day date,
    to_day date,
    reason text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    placed_by text NOT NULL DEFAULT SESSION_USER,

    CONSTRAINT legal_holds_pk PRIMARY KEY (hold_id),
    CONSTRAINT legal_holds_range_ck CHECK (from_day <= to_day),
    CONSTRAINT legal_holds_lists_ck CHECK (
        cardinality(table_names) > 0 IS NOT FALSE
        AND cardinality(stock_codes) > 0 IS NOT FALSE
        AND cardinality(subject_hashes) > 0 IS NOT FALSE
    ),
    CONSTRAINT legal_holds_reason_ck CHECK (btrim(reason) <> '')
);

COMMENT ON TABLE aegis.legal_holds IS
'Legal holds ever placed; aegis.active_holds are those in force; append-only.';
COMMENT ON COLUMN aegis.legal_holds.hold_id IS 'Number of the hold.';
COMMENT ON COLUMN aegis.legal_holds.table_names IS
'Tables held, with schema, histories and archives included; null for all.';
COMMENT ON COLUMN aegis.legal_holds.stock_codes IS 'Codes held; null for all.';
COMMENT ON COLUMN aegis.legal_holds.subject_hashes IS
'Keyed hashes of the persons or accounts held; null for all.';
COMMENT ON COLUMN aegis.legal_holds.from_day IS 'First day held (KST); null for no beginning.';
COMMENT ON COLUMN aegis.legal_holds.to_day IS 'Last day held (KST); null for no end.';
COMMENT ON COLUMN aegis.legal_holds.reason IS 'Why, with the reference of the authority.';
COMMENT ON COLUMN aegis.legal_holds.placed_at IS 'When it was placed.';
COMMENT ON COLUMN aegis.legal_holds.placed_by IS 'Login role that placed it.';

ALTER TABLE aegis.legal_holds OWNER TO aegis_guard;
GRANT SELECT ON aegis.legal_holds TO aegis_reader;
