-- What was done under each ticket. The primary key is what makes a ticket one-time.

CREATE TABLE aegis_guard.ticket_uses (
    ticket_id bigint NOT NULL,
    removed_rows bigint NOT NULL,
    used_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT ticket_uses_pk PRIMARY KEY (ticket_id),
    CONSTRAINT ticket_uses_ticket_id_fk FOREIGN KEY (ticket_id) REFERENCES aegis_guard.tickets,
    CONSTRAINT ticket_uses_removed_rows_ck CHECK (removed_rows >= 0)
);

COMMENT ON TABLE aegis_guard.ticket_uses IS
'The one act that used each ticket, and the rows it removed or moved; append-only.';
COMMENT ON COLUMN aegis_guard.ticket_uses.ticket_id IS 'The ticket used.';
COMMENT ON COLUMN aegis_guard.ticket_uses.removed_rows IS 'Rows removed or moved under it.';
COMMENT ON COLUMN aegis_guard.ticket_uses.used_at IS 'When the statement ended.';

ALTER TABLE aegis_guard.ticket_uses OWNER TO aegis_guard;
