-- Takes the state of this moment as the good one: after installation, after pg_upgrade or a
-- restore into another major version, and after a repair. Returns what differed. It changes
-- baselines only; a guard that is missing stays missing and aegis.posture goes on saying so.
--
-- What protects less than its baseline says would be forgiven by it, as by a change window, so it
-- wants the same two persons: a request of aegis.request_reseal that another one has approved, and that
-- lists all of it. What a new major version words anew looks weaker too.
--
-- Raises   AEP06  the reason is blank
--          AEP27  the request is not approved, its time is over, it was used already or is for a window
--          AEP28  something is weaker and no two persons agreed to take that as good; or a change
--                 window is open, which would be judged by what it left behind
--          AEP53  the clock is behind the ledger

CREATE OR REPLACE FUNCTION aegis_guard.reseal(
    p_reason text,
    p_request_id bigint DEFAULT NULL
)
RETURNS TABLE (
    subject text,
    change text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_changed record;
    v_count bigint := 0;
    v_request aegis.change_status;
    v_weaker jsonb := '[]';
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a reseal needs a reason'
            USING ERRCODE = 'AEP06',
                  HINT = 'Say why the state of this moment is the good one.';
    ELSIF aegis_guard._current_window() IS NOT NULL THEN
        RAISE EXCEPTION 'nothing is resealed in a change window'
            USING ERRCODE = 'AEP28',
                  DETAIL = 'The window would be judged by what it left behind.',
                  HINT = 'Let the window close, which seals what may be sealed.';
    END IF;

    IF p_request_id IS NOT NULL THEN
        PERFORM aegis_guard._use_request(p_request_id, NULL);
        SELECT s.* INTO v_request FROM aegis.change_status AS s WHERE s.request_id = p_request_id;
    END IF;

    FOR v_changed IN
        SELECT d.schema_name, d.table_name, d.root_name, (array_agg(d.fingerprint))[1] AS fingerprint,
               array_agg(format('%s: %s -> %s', d.aspect, coalesce(d.was, 'nothing'), coalesce(d.is_now, 'nothing'))
                         ORDER BY d.aspect) AS changes,
               jsonb_agg(aegis_guard._reseal_item(
                   d.schema_name, d.table_name, d.root_name, d.aspect, d.was, d.is_now
               )) FILTER (WHERE d.is_weaker OR d.is_loss) AS weaker
          FROM aegis_guard.compare_state() AS d
         GROUP BY d.schema_name, d.table_name, d.root_name
         ORDER BY d.schema_name, d.table_name
    LOOP
        PERFORM aegis_guard._seal_state(
            v_changed.schema_name, v_changed.table_name, v_changed.root_name, v_changed.fingerprint,
            v_changed.changes, p_reason
        );
        v_count := v_count + 1;
        v_weaker := v_weaker || coalesce(v_changed.weaker, '[]');
        RETURN QUERY
        SELECT format('%I.%I', v_changed.schema_name, v_changed.table_name), c.change
          FROM unnest(v_changed.changes) AS c (change);
    END LOOP;

    -- Judged by what was sealed just now: another look would see another moment.
    IF NOT coalesce(v_request.changes, '[]') @> v_weaker THEN
        PERFORM aegis_guard.record_attempt('aegis_guard.baselines', 'RESEAL', 'AEP28');
        RAISE EXCEPTION 'the reseal "%" would take weaker protection as good', p_reason
            USING ERRCODE = 'AEP28',
                  DETAIL = (SELECT jsonb_agg(DISTINCT e.item) FROM jsonb_array_elements(v_weaker) AS e (item)
                             WHERE NOT coalesce(v_request.changes, '[]') @> jsonb_build_array(e.item)),
                  HINT = 'Undo it; or SELECT aegis.request_reseal(reason), another person calls '
                         'aegis.approve_change(number), then aegis_guard.reseal(reason, number).';
    END IF;

    PERFORM aegis_guard._record_act(p_kind => 'change_window', p_subject => p_reason, p_row_count => v_count,
                                    p_detail => '{"reseal": true}' || coalesce(jsonb_build_object('requests', jsonb_build_array(
                                        jsonb_build_object('request_id', v_request.request_id, 'requested_by', v_request.requested_by,
                                                           'approved_by', v_request.decided_by, 'changes', v_request.changes)
                                    )), '{}'));
END;
$function$;

COMMENT ON FUNCTION aegis_guard.reseal(text, bigint) IS -- noqa: LT01
'Takes the present state as the baseline and returns what differed; raises AEP06, AEP27, AEP28 or AEP53.';

ALTER FUNCTION aegis_guard.reseal(text, bigint) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.reseal(text, bigint) FROM PUBLIC;
