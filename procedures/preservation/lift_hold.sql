-- lift_hold: end a legal hold.
--
-- Call     CALL aegis.lift_hold(12, 'case closed, letter of 2026-11-02');
-- Role     aegis_approver, another person than the one who placed it
-- Locks    none that others wait for
-- Raises   AEP57  no such hold, no reason, or lifted already
--          AEP58  the person who placed it, a role that was set, or a login without the role
-- Repeat   not idempotent: the second call raises AEP57

CREATE OR REPLACE PROCEDURE aegis.lift_hold(
    p_hold_id bigint,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_hold aegis.legal_holds;
    v_detail text;
BEGIN
    SELECT h.* INTO v_hold FROM aegis.legal_holds AS h WHERE h.hold_id = p_hold_id;

    v_detail := CASE
        WHEN v_hold.hold_id IS NULL THEN 'There is no such hold.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'Lifting it needs a reason.'
    END;

    IF v_detail IS NULL THEN
        PERFORM aegis_guard._check_person('lifting a hold', 'aegis_approver', v_hold.placed_by);

        INSERT INTO aegis.legal_hold_lifts (hold_id, reason) VALUES (p_hold_id, p_reason)
        ON CONFLICT (hold_id) DO NOTHING;
        IF NOT FOUND THEN
            v_detail := 'It is lifted already.';
        END IF;
    END IF;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'hold % is not lifted', coalesce(p_hold_id::text, 'null')
            USING ERRCODE = 'AEP57', SCHEMA = 'aegis', TABLE = 'legal_holds',
                  DETAIL = v_detail,
                  HINT = 'aegis.active_holds lists the holds in force.';
    END IF;

    PERFORM aegis_guard._record_act(
        p_kind => 'legal_hold',
        p_subject => format('hold %s', p_hold_id),
        p_detail => jsonb_build_object('event', 'lifted', 'reason', p_reason, 'placed_by', v_hold.placed_by)
    );
END;
$procedure$;

COMMENT ON PROCEDURE aegis.lift_hold(bigint, text) IS -- noqa: LT01
'Ends a legal hold; takes another person than the one who placed it; raises AEP57 or AEP58.';

ALTER PROCEDURE aegis.lift_hold(bigint, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.lift_hold(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.lift_hold(bigint, text) TO aegis_approver;
