-- collect_attempts: store what guards wrote to the WAL since the last time.
--
-- Call     CALL aegis.collect_attempts();      every few minutes, outside a transaction
-- Role     a superuser, or a member of aegis_owner with REPLICATION
-- Locks    the slot; a second collector is refused by PostgreSQL while the first one reads
-- Raises   AEP75  nothing is watched, or the slot lost its WAL
-- Repeat   idempotent: killed after it stored and before it moved on, it finds the rows again
--
-- It commits before it moves the slot, so it runs with the rights of its caller.

CREATE OR REPLACE PROCEDURE aegis.collect_attempts()
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_slot text := 'aegis_attempts_' || (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database());
    v_until pg_lsn;
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;

    IF NOT EXISTS (
        SELECT FROM pg_replication_slots AS s WHERE s.slot_name = v_slot AND s.wal_status IS DISTINCT FROM 'lost'
    ) THEN
        RAISE EXCEPTION 'no attempts are kept for collection'
            USING ERRCODE = 'AEP75',
                  DETAIL = format('Replication slot %s does not exist, or its WAL is gone.', v_slot),
                  HINT = 'Drop a lost slot; CALL aegis.watch_attempts. The server log has the lines of the gap.';
    END IF;

    -- A refused statement does not flush the WAL, and decoding reads what is flushed; this commit flushes it.
    PERFORM pg_logical_emit_message(TRUE, 'aegis_flush', '');
    COMMIT;
    SET LOCAL search_path = pg_catalog, pg_temp;
    v_until := pg_current_wal_flush_lsn();

    -- Of pgoutput's message: M, flags, position (8 bytes), prefix, 0, length (4 bytes), content.
    PERFORM aegis_guard._store_attempt(m.lsn, substring(m.data FROM 21))
       FROM pg_logical_slot_peek_binary_changes(
                v_slot, v_until, NULL,
                'proto_version', '1', 'publication_names', 'aegis_attempts', 'messages', 'true'
            ) AS m
      WHERE get_byte(m.data, 0) = ascii('M')
        AND substring(m.data FROM 11 FOR 6) = convert_to('aegis', 'UTF8') || '\x00'::bytea;

    COMMIT;
    SET LOCAL search_path = pg_catalog, pg_temp;
    PERFORM pg_replication_slot_advance(v_slot, v_until);
END;
$procedure$;

COMMENT ON PROCEDURE aegis.collect_attempts() IS -- noqa: LT01
'Stores in aegis.blocked_attempts what guards wrote to the WAL since the last time; raises AEP75.';

ALTER PROCEDURE aegis.collect_attempts() OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.collect_attempts() FROM PUBLIC;
