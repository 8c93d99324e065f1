-- _decide_case: move a case from one state to another, for one person at a time. The row is locked, so of two who
-- decide at once the second meets the decision of the first; with the version he has seen he also learns of a finding
-- that joined meanwhile.
--
-- Raises   AEV40  there is no such case
--          AEV41  the reason is blank
--          AEV42  the case is in a state that does not allow it
--          AEV43  the case changed since the caller looked
--          AEV44  somebody else works on it

CREATE OR REPLACE FUNCTION aegis._decide_case(
    p_case_id bigint,
    p_event text,
    p_reason text,
    p_state_version integer,
    p_assignee text DEFAULT NULL,
    p_detail jsonb DEFAULT '{}'
)
RETURNS aegis.cases
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_case aegis.cases;
    v_from text;
    v_to CONSTANT text := CASE p_event WHEN 'reopened' THEN 'open' ELSE p_event END;
    v_is_unresolved boolean;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a decision about case % needs a reason', p_case_id
            USING ERRCODE = 'AEV41',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT c.* INTO v_case FROM aegis.cases AS c WHERE c.case_id = p_case_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no case %', coalesce(p_case_id::text, 'null')
            USING ERRCODE = 'AEV40', SCHEMA = 'aegis', TABLE = 'cases',
                  HINT = 'aegis.validation_queue lists the cases.';
    END IF;

    v_from := v_case.state;
    v_is_unresolved := v_from IN ('open', 'assigned');

    IF v_is_unresolved = (p_event = 'reopened') THEN
        RAISE EXCEPTION 'case % is %', p_case_id, v_from
            USING ERRCODE = 'AEV42', SCHEMA = 'aegis', TABLE = 'cases',
                  DETAIL = CASE WHEN v_is_unresolved THEN 'It has not been resolved.'
                                ELSE format('%s resolved it at %s: %s', v_case.resolved_by, v_case.resolved_at,
                                            v_case.resolution_reason) END,
                  HINT = CASE WHEN v_is_unresolved THEN 'Decide it, or leave it.'
                              ELSE 'Reopen it first, if the decision was wrong.' END;
    ELSIF p_state_version <> v_case.state_version THEN
        RAISE EXCEPTION 'case % changed since you looked', p_case_id
            USING ERRCODE = 'AEV43', SCHEMA = 'aegis', TABLE = 'cases',
                  DETAIL = format('It is %s, version %s of %s, with %s findings; you named version %s.', v_from,
                                  v_case.state_version, v_case.changed_at, v_case.findings, p_state_version),
                  HINT = 'Look at it again, and name the version you see.';
    ELSIF v_from = 'assigned' AND p_event <> 'assigned' AND v_case.assigned_to <> SESSION_USER THEN
        RAISE EXCEPTION 'case % is assigned to %', p_case_id, v_case.assigned_to
            USING ERRCODE = 'AEV44', SCHEMA = 'aegis', TABLE = 'cases',
                  DETAIL = format('You are %s.', SESSION_USER),
                  HINT = 'Let them decide, or assign the case to yourself, with a reason.';
    END IF;

    IF p_event = 'reopened' AND EXISTS (
        SELECT FROM aegis.cases AS o
         WHERE (o.rule_code, o.target, o.stock_code, o.trade_date, o.price_basis)
             = (v_case.rule_code, v_case.target, v_case.stock_code, v_case.trade_date, v_case.price_basis)
           AND o.state IN ('open', 'assigned')
    ) THEN
        RAISE EXCEPTION 'case % has a successor that is open', p_case_id
            USING ERRCODE = 'AEV42', SCHEMA = 'aegis', TABLE = 'cases',
                  DETAIL = 'Another finding of the same rule about the same value came later.',
                  HINT = 'Decide that one; aegis.validation_queue shows it.';
    END IF;

    UPDATE aegis.cases AS c
       SET state = v_to,
           assigned_to = CASE p_event WHEN 'assigned' THEN p_assignee WHEN 'reopened' THEN NULL ELSE c.assigned_to END,
           resolved_at = CASE WHEN p_event IN ('released', 'rejected', 'replayed') THEN clock_timestamp() END,
           resolved_by = CASE WHEN p_event IN ('released', 'rejected', 'replayed') THEN SESSION_USER END,
           resolution_reason = CASE WHEN p_event IN ('released', 'rejected', 'replayed') THEN p_reason END,
           due_at = CASE p_event WHEN 'reopened'
                        THEN clock_timestamp() + aegis.configuration('aegis.case_due_' || c.severity)::interval
                        ELSE c.due_at END,
           state_version = c.state_version + 1,
           changed_at = clock_timestamp()
     WHERE c.case_id = p_case_id
    RETURNING c.* INTO v_case;

    INSERT INTO aegis.case_events (case_id, event, from_state, to_state, reason, detail)
    VALUES (p_case_id, p_event, v_from, v_to, p_reason, p_detail);

    PERFORM aegis_guard._record_act('case', format('case %s', p_case_id), v_case.findings, NULL,
                                    jsonb_build_object('event', p_event, 'from', v_from, 'reason', p_reason) || p_detail);

    -- What people decided about a value is the status of its findings; one that was superseded stays so.
    IF p_event IN ('released', 'rejected', 'replayed', 'reopened') THEN
        UPDATE aegis.findings AS f
           SET status = v_to
          FROM aegis.case_findings AS l
         WHERE l.case_id = p_case_id
           AND f.finding_id = l.finding_id
           AND f.status = CASE p_event WHEN 'reopened' THEN v_from ELSE 'open' END;
    END IF;

    RETURN v_case;
END;
$function$;

COMMENT ON FUNCTION aegis._decide_case(bigint, text, text, integer, text, jsonb) IS -- noqa: LT01
'Moves a case under its row lock, keeps the step and tells its findings; raises AEV40 to AEV44.';

ALTER FUNCTION aegis._decide_case(bigint, text, text, integer, text, jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._decide_case(bigint, text, text, integer, text, jsonb) FROM PUBLIC;
