-- Event triggers belong to a superuser. Without one the table guards, the privileges and
-- aegis_guard.arm_table remain; aegis.posture says which it is.
-- They fire by name: partitions are armed first, then all is compared. DROP and CREATE of an event
-- trigger fire none themselves.

DO $event_triggers$
DECLARE
    v_trigger record;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = CURRENT_USER) THEN
        RAISE WARNING 'event trigger aegis_arm_partitions is not installed'
            USING DETAIL = format('Role %I is no superuser; the same goes for aegis_check_change, '
                                  'aegis_check_command, aegis_check_drop and aegis_check_rewrite.', CURRENT_USER),
                  HINT = 'New partitions are guarded when aegis.maintain_partitions makes them; '
                         'run this file as a superuser to guard those that others make, and against DDL.';
        RETURN;
    END IF;

    FOR v_trigger IN
        SELECT e.*
          FROM (VALUES
                   -- CREATE SCHEMA is listed because the tables inside it fire nothing of their own.
                   ('aegis_arm_partitions', 'ddl_command_end', 'arm_partitions',
                    ARRAY['CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'CREATE TRIGGER'],
                    'Guards new and attached partitions of protected tables in the same transaction.'),
                   ('aegis_check_change', 'ddl_command_end', 'check_change', NULL,
                    'Refuses DDL after which a protected table, or AEGIS itself, would be weaker.'),
                   ('aegis_check_drop', 'sql_drop', 'check_drop', NULL,
                    'Refuses drops that reach a protected table or AEGIS itself.'),
                   ('aegis_check_rewrite', 'table_rewrite', 'check_rewrite', NULL,
                    'Refuses to rewrite a protected table.'),
                   ('aegis_check_command', 'ddl_command_start', 'check_command',
                    ARRAY['ALTER TABLE', 'DROP EXTENSION', 'DROP FUNCTION', 'DROP LANGUAGE', 'DROP OWNED',
                          'DROP PROCEDURE', 'DROP ROUTINE', 'DROP SCHEMA'],
                    'Refuses commands that could take the guards away before they are asked.')
               ) AS e (name, event, routine, tags, description)
    LOOP
        EXECUTE format('DROP EVENT TRIGGER IF EXISTS %I', v_trigger.name);
        EXECUTE format('CREATE EVENT TRIGGER %I ON %s %s EXECUTE FUNCTION aegis_guard.%I()',
                       v_trigger.name, v_trigger.event,
                       (SELECT 'WHEN TAG IN (' || string_agg(quote_literal(t.tag), ', ') || ')'
                          FROM unnest(v_trigger.tags) AS t (tag)),
                       v_trigger.routine);
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', v_trigger.name);
        EXECUTE format('COMMENT ON EVENT TRIGGER %I IS %L', v_trigger.name, v_trigger.description);
    END LOOP;
END
$event_triggers$;
