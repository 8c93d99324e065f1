-- Event triggers belong to a superuser. Without one the table guards, the privileges and
-- aegis_guard.arm_table remain; aegis.protection_status says which it is.
-- CREATE SCHEMA is listed because the tables inside it fire nothing of their own.

DO $event_triggers$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = CURRENT_USER) THEN
        RAISE WARNING 'event trigger aegis_arm_partitions is not installed'
            USING DETAIL = format('Role %I is no superuser.', CURRENT_USER),
                  HINT = 'New partitions are guarded when aegis.maintain_partitions makes them; '
                         'run this file as a superuser to guard those that others make.';
        RETURN;
    END IF;

    DROP EVENT TRIGGER IF EXISTS aegis_arm_partitions;
    CREATE EVENT TRIGGER aegis_arm_partitions
        ON ddl_command_end
        WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA')
        EXECUTE FUNCTION aegis_guard.arm_partitions();
    ALTER EVENT TRIGGER aegis_arm_partitions ENABLE ALWAYS;
    COMMENT ON EVENT TRIGGER aegis_arm_partitions IS
    'Guards new and attached partitions of protected tables in the same transaction.';
END
$event_triggers$;
