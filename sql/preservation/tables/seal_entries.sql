-- Which seal covers which act. The primary key is what makes sealing happen exactly once.

CREATE TABLE aegis.seal_entries (
    ledger_id bigint NOT NULL,
    seal_number bigint NOT NULL,
    digest bytea NOT NULL,

    CONSTRAINT seal_entries_pk PRIMARY KEY (ledger_id),
    CONSTRAINT seal_entries_digest_ck CHECK (octet_length(digest) = 32)
);

CREATE INDEX seal_entries_seal_number_ix ON aegis.seal_entries (seal_number);

COMMENT ON TABLE aegis.seal_entries IS 'Acts of aegis.ledger by the seal that covers them; append-only.';
COMMENT ON COLUMN aegis.seal_entries.ledger_id IS 'The act.';
COMMENT ON COLUMN aegis.seal_entries.seal_number IS 'The seal.';
COMMENT ON COLUMN aegis.seal_entries.digest IS
'SHA-256 of the act, every column of it; see aegis_guard._act_digest.';

ALTER TABLE aegis.seal_entries OWNER TO aegis_guard;
GRANT SELECT ON aegis.seal_entries TO aegis_owner, aegis_auditor;
