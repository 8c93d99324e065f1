-- Trigger function at commit (or at SET CONSTRAINTS) for each change window: compares everything
-- with its baseline, refuses what leaves protection weaker, seals the rest and enters it in the
-- ledger. From then on the window is shut.
--
-- Raises   AEP24  a guard is not in force, or something was lost

CREATE OR REPLACE FUNCTION aegis_guard.close_change()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_faults text;
    v_changed record;
    v_changes jsonb := '{}';
BEGIN
    SELECT string_agg(f.what, '; ')
      INTO v_faults
      FROM (
        SELECT format('%s: missing %s', s.relation, array_to_string(s.missing, ', ')) AS what
          FROM aegis.protection_status AS s
         WHERE NOT s.is_protected
         UNION ALL
        SELECT format('%I.%I: %s was %s, is %s', d.schema_name, d.table_name, d.aspect, d.was, coalesce(d.is_now, 'gone'))
          FROM aegis_guard.compare_state() AS d
         WHERE d.is_loss
           AND EXISTS (SELECT FROM aegis.protected_tables AS p
                        WHERE format('%I.%I', p.schema_name, p.table_name) = d.root_name)
      ) AS f;

    IF v_faults IS NOT NULL THEN
        PERFORM aegis_guard.record_attempt('aegis_guard.baselines', 'CHANGE', 'AEP24');
        RAISE EXCEPTION 'the change "%" would leave protection weaker', NEW.reason
            USING ERRCODE = 'AEP24',
                  DETAIL = v_faults,
                  HINT = 'Nothing was changed. Keep columns and guards; add beside them what is new.';
    END IF;

    FOR v_changed IN
        SELECT d.schema_name, d.table_name, d.root_name, (array_agg(d.fingerprint))[1] AS fingerprint,
               array_agg(format('%s: %s -> %s', d.aspect, coalesce(d.was, 'nothing'), coalesce(d.is_now, 'nothing'))
                         ORDER BY d.aspect) AS changes
          FROM aegis_guard.compare_state() AS d
         GROUP BY d.schema_name, d.table_name, d.root_name
         ORDER BY d.schema_name, d.table_name
    LOOP
        PERFORM aegis_guard._seal_state(
            v_changed.schema_name, v_changed.table_name, v_changed.root_name, v_changed.fingerprint,
            v_changed.changes, NEW.reason
        );
        v_changes := v_changes || jsonb_build_object(
            format('%I.%I', v_changed.schema_name, v_changed.table_name), cardinality(v_changed.changes)
        );
    END LOOP;

    INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (NEW.ticket_id, 0);
    PERFORM aegis_guard._record_act(
        p_kind => 'change_window',
        p_subject => NEW.reason,
        p_detail => jsonb_build_object('ticket', NEW.ticket_id, 'aspects_changed', v_changes)
    );
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.close_change() IS
'Judges at commit what a change window did, seals it or refuses it; raises AEP24.';

ALTER FUNCTION aegis_guard.close_change() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.close_change() FROM PUBLIC;
