-- Closes every gap of a relation and the partitions below it; returns how many there were.
-- Runs with the rights of its caller, who must own the table; idempotent. Partition
-- maintenance calls it for each new partition, because not every server lets AEGIS have the
-- event trigger that would do so.
--
-- Locks    SHARE ROW EXCLUSIVE on what lacks a guard, nothing otherwise
-- Raises   AEP12  a partition is a foreign table, which cannot be guarded

CREATE OR REPLACE FUNCTION aegis_guard.arm_table(
    p_root regclass,
    p_history boolean DEFAULT FALSE,
    p_append_only boolean DEFAULT FALSE
)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_gap record;
    v_gaps integer := 0;
BEGIN
    FOR v_gap IN
        SELECT g.relation,
               count(*) AS gaps,
               array_agg(g.create_trigger ORDER BY g.step)
                   FILTER (WHERE NOT g.is_present AND NOT g.is_clone) AS missing,
               string_agg(g.enable_trigger, ', ' ORDER BY g.step)
                   FILTER (WHERE g.is_present OR NOT g.is_clone) AS enable
          FROM aegis_guard.guard_gaps(p_root, p_history, p_append_only) AS g
         GROUP BY g.relation
         ORDER BY min(g.step)
    LOOP
        IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = v_gap.relation AND c.relkind = 'f') THEN
            RAISE EXCEPTION 'foreign table % cannot be protected', v_gap.relation
                USING ERRCODE = 'AEP12',
                      DETAIL = 'Its rows are kept by another server.',
                      HINT = 'Detach it, or protect the table on the server that keeps the rows.';
        END IF;

        FOR v_index IN 1 .. coalesce(cardinality(v_gap.missing), 0) LOOP
            EXECUTE v_gap.missing[v_index];
        END LOOP;

        -- All of a relation in one statement: the event trigger that it fires finds nothing left.
        IF v_gap.enable IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s %s', v_gap.relation, v_gap.enable);
        END IF;

        v_gaps := v_gaps + v_gap.gaps;
    END LOOP;

    RETURN v_gaps;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.arm_table(regclass, boolean, boolean) IS -- noqa: LT01
'Makes and enables every guard trigger that a relation or a partition below it lacks; returns how many; raises AEP12.';

ALTER FUNCTION aegis_guard.arm_table(regclass, boolean, boolean) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.arm_table(regclass, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis_guard.arm_table(regclass, boolean, boolean) TO aegis_owner, aegis_operator;
