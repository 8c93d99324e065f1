-- One-time permits, issued by AEGIS' own routines and by nothing else. A row here, not a setting:
-- any role can set a setting. A ticket is good for one relation, in the transaction that issued it:
-- for one DELETE statement, for the way of one partition into the archive, for one DROP, or for the
-- change of one table by a migration, of so many rows at most.

CREATE TABLE aegis_guard.tickets (
    ticket_id bigint GENERATED ALWAYS AS IDENTITY,
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    row_limit bigint NOT NULL,
    reason text NOT NULL,
    issued_by text NOT NULL DEFAULT SESSION_USER,
    issued_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT tickets_pk PRIMARY KEY (ticket_id),
    CONSTRAINT tickets_operation_ck CHECK (operation IN ('DELETE', 'ARCHIVE', 'DROP', 'ALTER', 'ERASE')),
    CONSTRAINT tickets_row_limit_ck CHECK (row_limit >= CASE operation WHEN 'DELETE' THEN 1 ELSE 0 END),
    CONSTRAINT tickets_reason_ck CHECK (btrim(reason) <> '')
);

CREATE INDEX tickets_transaction_id_ix ON aegis_guard.tickets (transaction_id);

COMMENT ON TABLE aegis_guard.tickets IS
'One-time permits to act on a protected table; append-only.';
COMMENT ON COLUMN aegis_guard.tickets.ticket_id IS 'Number of the ticket.';
COMMENT ON COLUMN aegis_guard.tickets.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN aegis_guard.tickets.table_name IS
'Table or partition it opens; a root opens all its partitions.';
COMMENT ON COLUMN aegis_guard.tickets.operation IS 'What it permits.';
COMMENT ON COLUMN aegis_guard.tickets.row_limit IS 'Rows that may be concerned at most.';
COMMENT ON COLUMN aegis_guard.tickets.reason IS 'Why it is permitted.';
COMMENT ON COLUMN aegis_guard.tickets.issued_by IS 'Login role for whom it was issued.';
COMMENT ON COLUMN aegis_guard.tickets.issued_at IS 'Start of the transaction it belongs to.';
COMMENT ON COLUMN aegis_guard.tickets.transaction_id IS 'The only transaction it is valid in.';

ALTER TABLE aegis_guard.tickets OWNER TO aegis_guard;
