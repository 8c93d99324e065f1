-- One row per act: a block of written rows, a soft delete, an archived partition, a change of rule.
-- Append-only and never purged, so it is one table; rows are small, blocks of many rows apart.
-- Writers append unlinked rows in their own transactions, aegis.seal_ledger links them.

CREATE TABLE aegis.ledger (
    ledger_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    row_count bigint,
    digest bytea,
    detail jsonb NOT NULL DEFAULT '{}',
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acted_by text NOT NULL DEFAULT SESSION_USER,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    batch_number bigint,
    row_hashes bigint [],

    CONSTRAINT ledger_pk PRIMARY KEY (ledger_id),
    CONSTRAINT ledger_kind_ck CHECK (kind ~ '^[a-z][a-z_]*$'),
    CONSTRAINT ledger_subject_ck CHECK (btrim(subject) <> ''),
    CONSTRAINT ledger_row_count_ck CHECK (row_count >= 0),
    CONSTRAINT ledger_digest_ck CHECK (octet_length(digest) = 32),
    CONSTRAINT ledger_row_hashes_ck CHECK (cardinality(row_hashes) = row_count),
    CONSTRAINT ledger_detail_ck CHECK (jsonb_typeof(detail) = 'object')
);

CREATE INDEX ledger_transaction_id_ix ON aegis.ledger (transaction_id);

-- The last root of a day.
CREATE INDEX ledger_day_ix ON aegis.ledger (subject, (detail ->> 'day'), ledger_id)
WHERE kind = 'day';

-- Hashes do not compress; to try took more than to write them.
ALTER TABLE aegis.ledger ALTER COLUMN row_hashes SET STORAGE EXTERNAL;

COMMENT ON TABLE aegis.ledger IS
'Every act of AEGIS, one row each, append-only; linked into one chain by aegis.seal_ledger.';
COMMENT ON COLUMN aegis.ledger.ledger_id IS 'Number of the act; a rolled-back act leaves a gap.';
COMMENT ON COLUMN aegis.ledger.kind IS
'What was done: block, soft_delete, archive, drop, erasure, rule_change and so on.';
COMMENT ON COLUMN aegis.ledger.subject IS
'What it was done to; a table as schema.table, quoted where needed.';
COMMENT ON COLUMN aegis.ledger.row_count IS 'Rows it touched; null where rows are not the point.';
COMMENT ON COLUMN aegis.ledger.digest IS 'SHA-256 of what was written or removed; null without one.';
COMMENT ON COLUMN aegis.ledger.detail IS 'Particulars, by kind; see sql/preservation/README.md.';
COMMENT ON COLUMN aegis.ledger.acted_at IS 'When it was done, by the clock of the server.';
COMMENT ON COLUMN aegis.ledger.acted_by IS 'Login role that did it.';
COMMENT ON COLUMN aegis.ledger.transaction_id IS
'Transaction of the act; tells the sealer what can no longer change.';
COMMENT ON COLUMN aegis.ledger.batch_number IS
'Number of the writing act whose rows it concerns; null where there is none, or several.';
COMMENT ON COLUMN aegis.ledger.row_hashes IS
'Of a block, one 64-bit hash per row in the order of the digest: finds the rows again.';

ALTER TABLE aegis.ledger OWNER TO aegis_guard;
GRANT SELECT ON aegis.ledger TO aegis_owner, aegis_auditor;
