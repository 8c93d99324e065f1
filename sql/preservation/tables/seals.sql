-- The chain: each seal covers the acts that became final since the one before, and its digest.
-- Whoever keeps the last digest outside of the server can prove every act before it.

CREATE TABLE aegis.seals (
    seal_number bigint NOT NULL,
    previous_digest bytea NOT NULL,
    entry_count bigint NOT NULL,
    entries_digest bytea NOT NULL,
    digest bytea NOT NULL,
    horizon xid8 NOT NULL,
    system_identifier bigint NOT NULL,
    sealed_at timestamptz NOT NULL,
    sealed_by text NOT NULL,

    CONSTRAINT seals_pk PRIMARY KEY (seal_number),
    CONSTRAINT seals_previous_digest_uq UNIQUE (previous_digest),
    CONSTRAINT seals_number_ck CHECK (seal_number > 0),
    CONSTRAINT seals_entry_count_ck CHECK (entry_count > 0),
    CONSTRAINT seals_digests_ck CHECK (
        octet_length(previous_digest) = 32 AND octet_length(entries_digest) = 32 AND octet_length(digest) = 32
    )
);

COMMENT ON TABLE aegis.seals IS
'Chain of seals over the acts of aegis.ledger, written by aegis.seal_ledger; append-only.';
COMMENT ON COLUMN aegis.seals.seal_number IS 'Place in the chain, from 1 without a gap.';
COMMENT ON COLUMN aegis.seals.previous_digest IS
'Digest of the seal before; 32 zero bytes in the first.';
COMMENT ON COLUMN aegis.seals.entry_count IS 'Acts it covers, see aegis.seal_entries.';
COMMENT ON COLUMN aegis.seals.entries_digest IS 'SHA-256 over the digests of these acts.';
COMMENT ON COLUMN aegis.seals.digest IS 'SHA-256 over all of the above.';
COMMENT ON COLUMN aegis.seals.horizon IS
'Transactions before it were over; the next seal goes on from here.';
COMMENT ON COLUMN aegis.seals.system_identifier IS
'Cluster whose transaction numbers these are; another one after a restore.';
COMMENT ON COLUMN aegis.seals.sealed_at IS 'When it was made.';
COMMENT ON COLUMN aegis.seals.sealed_by IS 'Login role that made it.';

ALTER TABLE aegis.seals OWNER TO aegis_guard;
GRANT SELECT ON aegis.seals TO aegis_owner, aegis_auditor;
