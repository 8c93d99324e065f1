-- replay_case: judge the values of a case again, after a correction or a change of rules; resolves it when nothing is
-- found any more.
--
-- Call     CALL aegis.replay_case(12, 'krx sent the corrected file');
-- Role     aegis_operator; of an assigned case whom it is assigned to
-- Locks    the case's row and its findings, until the caller's transaction ends
-- Raises   AEV40  there is no such case             AEV41  the reason is blank
--          AEV42  the case is resolved              AEV43  it changed since p_state_version
--          AEV44  somebody else works on it
--          AEV46  the doubts are still there
-- Repeat   not idempotent: the second call raises AEV42

CREATE OR REPLACE PROCEDURE aegis.replay_case(
    p_case_id bigint,
    p_reason text,
    p_state_version integer DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_date date;
    v_left bigint;
    v_latest date;
    v_is_replayable boolean;
BEGIN
    -- The case must not change while its days are judged: a finding that joins it would change its version.
    SELECT (p_state_version IS NULL OR p_state_version = c.state_version) AND c.state IN ('open', 'assigned')
           AND (c.state = 'open' OR c.assigned_to = SESSION_USER)
      INTO v_is_replayable
      FROM aegis.cases AS c
     WHERE c.case_id = p_case_id
       FOR UPDATE;

    IF v_is_replayable AND btrim(p_reason) <> '' THEN
        FOR v_date IN
            SELECT DISTINCT f.trade_date
              FROM aegis.case_findings AS l
              JOIN aegis.findings AS f ON f.finding_id = l.finding_id
             WHERE l.case_id = p_case_id
               AND f.status = 'open'
             ORDER BY 1
        LOOP
            PERFORM aegis.validate_trading_day(v_date);
        END LOOP;

        SELECT count(*), max(f.trade_date)
          INTO v_left, v_latest
          FROM aegis.case_findings AS l
          JOIN aegis.findings AS f ON f.finding_id = l.finding_id
         WHERE l.case_id = p_case_id
           AND f.status = 'open';
        IF v_left > 0 THEN
            RAISE EXCEPTION 'case % is still doubted', p_case_id
                USING ERRCODE = 'AEV46', SCHEMA = 'aegis', TABLE = 'cases',
                      DETAIL = format('%s findings are open, the latest of trading date %s.', v_left, v_latest),
                      HINT = 'Correct the value, or release the case if the value is right.';
        END IF;
        PERFORM aegis._decide_case(p_case_id, 'replayed', p_reason, NULL);
    ELSE
        -- Says what is wrong with the call.
        PERFORM aegis._decide_case(p_case_id, 'replayed', p_reason, p_state_version);
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.replay_case(bigint, text, integer) IS -- noqa: LT01
'Judges the values of a case again and resolves it when nothing is found; raises AEV40 to AEV44 or AEV46.';

ALTER PROCEDURE aegis.replay_case(bigint, text, integer) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.replay_case(bigint, text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.replay_case(bigint, text, integer) TO aegis_operator;
