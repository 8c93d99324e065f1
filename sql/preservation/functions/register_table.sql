-- Second half of aegis.protect_table, with the rights of aegis_guard: enters a table in the
-- registry and lets its owner arm later partitions. Believes nothing it can read in the
-- catalog: the guards must stand already, and what was promised before stays promised.
--
-- Raises   AEP08  the history table cannot serve
--          AEP09  a guard is missing

CREATE OR REPLACE FUNCTION aegis_guard.register_table(
    p_table regclass,
    p_reason text,
    p_history regclass,
    p_append_only boolean
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_table record;
    v_history record;
    v_gap text;
    v_sealed record;
BEGIN
    SELECT n.nspname AS schema_name, c.relname AS table_name, c.relowner::regrole AS owner
      INTO STRICT v_table
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_table;

    SELECT n.nspname AS schema_name, c.relname AS table_name
      INTO v_history
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = p_history;

    PERFORM aegis_guard.check_history(p_table, p_history);

    SELECT format('%s on %s', g.trigger_name, g.relation)
      INTO v_gap
      FROM aegis_guard.guard_gaps(p_table, p_history IS NOT NULL, p_append_only) AS g
     LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION '% is not guarded', p_table
            USING ERRCODE = 'AEP09',
                  SCHEMA = v_table.schema_name, TABLE = v_table.table_name,
                  DETAIL = format('Not in force: %s.', v_gap),
                  HINT = 'Call aegis.protect_table, which makes the guards first.';
    END IF;

    INSERT INTO aegis.protected_tables AS p (
        schema_name, table_name, history_schema_name, history_table_name, is_append_only, reason
    )
    VALUES (
        v_table.schema_name, v_table.table_name, v_history.schema_name, v_history.table_name, p_append_only, p_reason
    )
    ON CONFLICT (schema_name, table_name) DO UPDATE
       SET history_schema_name = coalesce(p.history_schema_name, excluded.history_schema_name),
           history_table_name = coalesce(p.history_table_name, excluded.history_table_name),
           is_append_only = p.is_append_only OR excluded.is_append_only;

    -- From now on every DDL statement is compared with this state.
    FOR v_sealed IN
        SELECT d.schema_name, d.table_name, d.root_name, (array_agg(d.fingerprint))[1] AS fingerprint,
               array_agg(format('%s: %s -> %s', d.aspect, coalesce(d.was, 'nothing'), coalesce(d.is_now, 'nothing'))
                         ORDER BY d.aspect) AS changes
          FROM aegis_guard.compare_state(p_table) AS d
         GROUP BY d.schema_name, d.table_name, d.root_name
        HAVING NOT bool_or(d.is_weaker)
         ORDER BY d.schema_name, d.table_name
    LOOP
        PERFORM aegis_guard._seal_state(
            v_sealed.schema_name, v_sealed.table_name, v_sealed.root_name, v_sealed.fingerprint,
            v_sealed.changes, 'protect_table'
        );
    END LOOP;

    -- PostgreSQL asks these rights of whoever adds a partition.
    IF NOT pg_has_role(v_table.owner, 'aegis_owner', 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA aegis_guard TO %s', v_table.owner);
        EXECUTE format('GRANT EXECUTE ON FUNCTION aegis_guard.refuse_removal(), aegis_guard.settle_ticket(), aegis_guard.refuse_replica(), '
                       'aegis_guard.arm_table, aegis_guard.guard_gaps TO %s',
                       v_table.owner);
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.register_table(regclass, text, regclass, boolean) IS -- noqa: LT01
'Enters a guarded table in aegis.protected_tables and lets its owner arm partitions; raises AEP08 or AEP09.';

ALTER FUNCTION aegis_guard.register_table(regclass, text, regclass, boolean) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.register_table(regclass, text, regclass, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.register_table(regclass, text, regclass, boolean) TO aegis_owner, aegis_operator;
GRANT USAGE ON SCHEMA aegis_guard TO aegis_operator;
