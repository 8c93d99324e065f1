-- Event trigger function: whatever becomes part of a protected table is guarded in the same
-- transaction, and a guard that ALTER TABLE disabled is in force again when the statement ends. So
-- is one that CREATE TRIGGER makes anew among others that are in force: a repair. Those of rows do not
-- count: a partition inherits them before it is armed, and would be armed anew with each of its triggers.
--
-- Runs as the role that gave the statement: that role owns the table. What is protected is read
-- from the catalog, which everybody may read, so unrelated DDL of any role costs one query.

CREATE OR REPLACE FUNCTION aegis_guard.arm_partitions()
RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_touched record;
BEGIN
    -- One question for each relation that was touched: a plan for all might ask it of each relation there is.
    FOR v_touched IN
        SELECT DISTINCT d.classid = 'pg_trigger'::regclass AS is_trigger,
               CASE d.classid
                   WHEN 'pg_class'::regclass THEN d.objid
                   WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger AS t WHERE t.oid = d.objid)
               END AS relation
          FROM pg_event_trigger_ddl_commands() AS d
    LOOP
        IF v_touched.is_trigger AND NOT EXISTS (
            SELECT
              FROM pg_trigger AS t
             WHERE t.tgrelid = v_touched.relation AND t.tgname ^@ 'aegis_' AND t.tgenabled = 'A' AND t.tgtype & 1 = 0
        ) THEN
            CONTINUE;
        END IF;

        IF EXISTS (
            SELECT
              FROM pg_class AS c
              JOIN pg_trigger AS t ON t.tgrelid = coalesce(pg_partition_root(c.oid), c.oid)
              JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.proname = 'refuse_removal'
              JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'aegis_guard'
             WHERE c.oid = v_touched.relation AND c.relkind IN ('r', 'p', 'f')
        ) THEN
            PERFORM aegis_guard.arm_table(v_touched.relation);
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.arm_partitions() IS
'Guards in the same transaction whatever DDL makes part of a protected table.';

ALTER FUNCTION aegis_guard.arm_partitions() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.arm_partitions() FROM PUBLIC;
