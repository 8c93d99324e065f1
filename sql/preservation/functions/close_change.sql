-- Trigger function at commit (or at SET CONSTRAINTS) for each change window: compares everything
-- with its baseline, refuses what was lost, and what leaves protection weaker unless two persons
-- have approved exactly that; seals the rest and enters it in the ledger. From then on the window
-- is shut. Code of AEGIS outside of aegis_guard is what revisions exist to change.
--
-- Raises   AEP24  a guard is not in force, or something was lost
--          AEP28  protection would be weaker and nobody has approved that; the detail is the list
--                 that aegis.request_change takes

CREATE OR REPLACE FUNCTION aegis_guard.close_change()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_changed record;
    v_losses text [] := '{}';
    v_weaker jsonb := '[]';
    v_changes jsonb := '{}';
BEGIN
    SELECT coalesce(array_agg(format('%s: missing %s', s.relation, array_to_string(s.missing, ', '))), '{}')
      INTO v_losses
      FROM aegis.protection_status AS s
     WHERE NOT s.is_protected;

    FOR v_changed IN
        WITH difference AS (
            SELECT d.*,
                   -- A table that its revision took out of the registry may go; it may not stay unguarded.
                   d.is_loss AND (
                       EXISTS (SELECT FROM aegis.protected_tables AS p
                                WHERE format('%I.%I', p.schema_name, p.table_name) = d.root_name)
                       OR d.root_name !~ '^aegis\.'
                       OR to_regclass(format('%I.%I', d.schema_name, d.table_name)) IS NOT NULL
                   ) AS is_lost,
                   d.is_weaker AND NOT d.is_loss
                   AND (d.schema_name <> '' OR d.aspect ~ '^(routine aegis_guard\.|right |schema )')
                   -- What comes AFTER, of AEGIS' own code, keeps no row from being written.
                   AND (d.was IS NOT NULL OR d.is_now !~ '^O CREATE TRIGGER [a-z0-9_]+ AFTER .* EXECUTE FUNCTION aegis\.[a-z0-9_]+\(\)$')
                       AS is_left_weaker,
                   CASE d.schema_name WHEN '' THEN 'code' ELSE d.root_name END AS relation
              FROM aegis_guard.compare_state() AS d
        )
        SELECT d.schema_name, d.table_name, d.root_name, (array_agg(d.fingerprint))[1] AS fingerprint,
               array_agg(format('%s: %s -> %s', d.aspect, coalesce(d.was, 'nothing'), coalesce(d.is_now, 'nothing'))
                         ORDER BY d.aspect) AS changes,
               array_agg(format('%I.%I: %s was %s, is %s', d.schema_name, d.table_name, d.aspect, d.was,
                                coalesce(d.is_now, 'gone')) ORDER BY d.aspect) FILTER (WHERE d.is_lost) AS losses,
               jsonb_agg(jsonb_build_object('relation', d.relation, 'aspect', d.aspect, 'was', d.was, 'becomes', d.is_now)
                         ORDER BY d.aspect)
                   FILTER (WHERE d.is_left_weaker
                             AND NOT aegis_guard._is_approved(d.relation, d.aspect, d.was, d.is_now)) AS weaker
          FROM difference AS d
         GROUP BY d.schema_name, d.table_name, d.root_name
         ORDER BY d.schema_name, d.table_name
    LOOP
        PERFORM aegis_guard._seal_state(
            v_changed.schema_name, v_changed.table_name, v_changed.root_name, v_changed.fingerprint,
            v_changed.changes, NEW.reason
        );
        v_losses := v_losses || coalesce(v_changed.losses, '{}');
        v_weaker := v_weaker || coalesce(v_changed.weaker, '[]');
        v_changes := v_changes || jsonb_build_object(
            format('%I.%I', v_changed.schema_name, v_changed.table_name), cardinality(v_changed.changes)
        );
    END LOOP;

    IF v_losses <> '{}' THEN
        PERFORM aegis_guard.record_attempt('aegis_guard.baselines', 'CHANGE', 'AEP24');
        RAISE EXCEPTION 'the change "%" would lose what protects', NEW.reason
            USING ERRCODE = 'AEP24',
                  DETAIL = array_to_string(v_losses, '; '),
                  HINT = 'Nothing was changed. Keep columns and guards; add beside them what is new.';
    ELSIF v_weaker <> '[]' THEN
        PERFORM aegis_guard.record_attempt('aegis_guard.baselines', 'CHANGE', 'AEP28');
        RAISE EXCEPTION 'the change "%" would leave protection weaker', NEW.reason
            USING ERRCODE = 'AEP28',
                  DETAIL = (SELECT jsonb_agg(DISTINCT e.item) FROM jsonb_array_elements(v_weaker) AS e (item)),
                  HINT = 'Nothing was changed. SELECT aegis.request_change(reason, the detail above); another person '
                         'calls aegis.approve_change(number); then aegis_guard.open_change(reason, number) and the change.';
    END IF;

    INSERT INTO aegis_guard.ticket_uses (ticket_id, removed_rows) VALUES (NEW.ticket_id, 0);
    PERFORM aegis_guard._record_act(
        p_kind => 'change_window',
        p_subject => NEW.reason,
        p_detail => jsonb_build_object('ticket', NEW.ticket_id, 'aspects_changed', v_changes) || coalesce((
            SELECT jsonb_build_object('requests', jsonb_agg(jsonb_build_object(
                       'request_id', s.request_id, 'requested_by', s.requested_by, 'approved_by', s.decided_by,
                       'changes', s.changes
                   ) ORDER BY s.request_id))
              FROM aegis.change_events AS u
              JOIN aegis.change_status AS s ON s.request_id = u.request_id
             WHERE u.event = 'used' AND u.ticket_id = NEW.ticket_id
            HAVING count(*) > 0
        ), '{}')
    );
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.close_change() IS
'Judges at commit what a change window did, seals it or refuses it; raises AEP24 or AEP28.';

ALTER FUNCTION aegis_guard.close_change() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.close_change() FROM PUBLIC;
