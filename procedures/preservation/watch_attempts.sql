-- watch_attempts: keep from now on what guards write to the WAL, until it is collected.
--
-- Call     CALL aegis.watch_attempts();      outside a transaction, once
-- Role     a superuser, or a member of aegis_owner with REPLICATION that may CREATE in the database
-- Locks    none; waits for the transactions that are running
-- Raises   AEP74  wal_level is below logical: the server log is all there is
-- Repeat   idempotent
--
-- A slot holds back WAL: collect every few minutes, and set max_slot_wal_keep_size.

CREATE OR REPLACE PROCEDURE aegis.watch_attempts()
LANGUAGE plpgsql
AS $procedure$
DECLARE
    v_slot text := 'aegis_attempts_' || (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database());
BEGIN
    SET LOCAL search_path = pg_catalog, pg_temp;

    IF current_setting('wal_level') <> 'logical' THEN
        RAISE EXCEPTION 'attempts cannot be collected with wal_level %', current_setting('wal_level')
            USING ERRCODE = 'AEP74',
                  DETAIL = 'The line that guards write to the server log is the only evidence.',
                  HINT = 'ALTER SYSTEM SET wal_level = logical, and restart the server.';
    END IF;

    -- Empty: messages need one to be decoded by, and no table.
    IF NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = 'aegis_attempts') THEN
        CREATE PUBLICATION aegis_attempts;
    END IF;
    COMMIT;
    SET LOCAL search_path = pg_catalog, pg_temp;

    IF NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_name = v_slot) THEN
        PERFORM pg_create_logical_replication_slot(v_slot, 'pgoutput');
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.watch_attempts() IS -- noqa: LT01
'Makes the replication slot that aegis.collect_attempts reads; raises AEP74.';

ALTER PROCEDURE aegis.watch_attempts() OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.watch_attempts() FROM PUBLIC;
