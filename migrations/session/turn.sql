-- One migrator per database at a time. The turn ends with the session.
--
-- It is taken by asking again and again: who waits inside pg_advisory_lock holds a snapshot, and then
-- CREATE INDEX CONCURRENTLY of the other one waits for us while we wait for it. Must run outside of a transaction.

DO $turn$
DECLARE
    v_patience CONSTANT interval := coalesce(current_setting('aegis.turn_timeout', true), '10min')::interval;
    v_begun_at CONSTANT timestamptz := clock_timestamp();
BEGIN
    WHILE NOT pg_try_advisory_lock(hashtextextended('aegis.alembic_version', 0)) LOOP
        IF clock_timestamp() > v_begun_at + v_patience THEN
            RAISE EXCEPTION 'another migration of this database is running'
                USING ERRCODE = 'AEK02',
                      DETAIL = format('It has not ended within %s.', v_patience),
                      HINT = 'pg_locks shows who holds the advisory lock; try again when it has ended.';
        END IF;
        PERFORM pg_sleep(0.2);
        COMMIT;
    END LOOP;
END
$turn$;
