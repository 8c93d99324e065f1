-- change_breaker_condition: change what trips circuit breakers, or add a condition.
--
-- Call     CALL aegis.change_breaker_condition('code_errors', '{"threshold": 5, "period": "10 minutes"}', 'too jumpy');
-- Role     aegis_operator
-- Locks    the condition's row, until the caller's transaction ends
-- Raises   AEV51  the reason is blank
--          AEV53  a property is unknown or its value makes no sense
--          AEV54  there is no such condition, and too little is given for a new one
-- Repeat   idempotent: what is so already changes nothing
--
-- Properties: kind (findings unless given), scope, rule_code, minimum_severity, threshold, minimum_rows (1 unless given),
-- period, cooldown, probe_batches, is_enabled.

CREATE OR REPLACE PROCEDURE aegis.change_breaker_condition(p_condition_code text, p_changes jsonb, p_reason text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_old aegis.breaker_conditions;
    v_new aegis.breaker_conditions;
    v_unknown text;
    v_message text;
    v_constraint text;
    v_is_changed boolean;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'a change of condition % needs a reason', p_condition_code
            USING ERRCODE = 'AEV51',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT string_agg(o.name, ', ') INTO v_unknown
      FROM jsonb_object_keys(CASE jsonb_typeof(p_changes) WHEN 'object' THEN p_changes ELSE '{"?": 0}' END) AS o (name)
     WHERE o.name <> ALL ('{kind,scope,rule_code,minimum_severity,threshold,minimum_rows,period,cooldown,probe_batches,is_enabled}'::text []);
    IF v_unknown IS NOT NULL THEN
        RAISE EXCEPTION 'conditions have no property %', v_unknown
            USING ERRCODE = 'AEV53', SCHEMA = 'aegis', TABLE = 'breaker_conditions',
                  HINT = 'Pass an object with columns of aegis.breaker_conditions.';
    END IF;

    SELECT c.* INTO v_old FROM aegis.breaker_conditions AS c WHERE c.condition_code = p_condition_code FOR UPDATE;
    IF NOT FOUND THEN
        IF NOT coalesce(p_changes ?& '{scope,minimum_severity,threshold,period,cooldown,probe_batches}', FALSE) THEN
            RAISE EXCEPTION 'there is no condition %', coalesce(quote_literal(p_condition_code), 'null')
                USING ERRCODE = 'AEV54', SCHEMA = 'aegis', TABLE = 'breaker_conditions',
                      HINT = 'A new one needs scope, minimum_severity, threshold, period, cooldown and probe_batches.';
        END IF;
        v_old.condition_code := p_condition_code;
        v_old.kind := 'findings';
        v_old.minimum_rows := 1;
        v_old.is_enabled := TRUE;
        v_old.data_version := 0;
    END IF;

    BEGIN
        v_new := jsonb_populate_record(v_old, p_changes);
        v_new.data_version := v_old.data_version + 1;
        v_new.change_reason := p_reason;
        v_new.last_updated := clock_timestamp();
        v_new.updated_by := SESSION_USER;

        IF v_new.rule_code IS NOT NULL AND v_new.kind = 'findings'
            AND NOT EXISTS (SELECT FROM aegis.validation_rules AS r WHERE r.rule_code = v_new.rule_code)
        THEN
            RAISE EXCEPTION 'there is no rule %', v_new.rule_code USING ERRCODE = 'check_violation';
        END IF;

        IF v_old.data_version = 0 THEN
            INSERT INTO aegis.breaker_conditions SELECT v_new.*;
        ELSE
            UPDATE aegis.breaker_conditions AS c
               SET (kind, scope, rule_code, minimum_severity, threshold, minimum_rows, period, cooldown, probe_batches, is_enabled,
                    data_version, change_reason, last_updated, updated_by)
                 = (v_new.kind, v_new.scope, v_new.rule_code, v_new.minimum_severity, v_new.threshold, v_new.minimum_rows, v_new.period,
                    v_new.cooldown, v_new.probe_batches, v_new.is_enabled, v_new.data_version, v_new.change_reason, v_new.last_updated,
                    v_new.updated_by)
             WHERE c.condition_code = p_condition_code
               AND (c.kind, c.scope, c.rule_code, c.minimum_severity, c.threshold, c.minimum_rows, c.period, c.cooldown, c.probe_batches,
                    c.is_enabled)
                   IS DISTINCT FROM
                   (v_new.kind, v_new.scope, v_new.rule_code, v_new.minimum_severity, v_new.threshold, v_new.minimum_rows, v_new.period,
                    v_new.cooldown, v_new.probe_batches, v_new.is_enabled);
        END IF;
        v_is_changed := FOUND;
    EXCEPTION
        WHEN check_violation OR not_null_violation OR data_exception THEN
            GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT, v_constraint = CONSTRAINT_NAME;
            RAISE EXCEPTION 'condition % cannot be like this', coalesce(quote_literal(p_condition_code), 'null')
                USING ERRCODE = 'AEV53', SCHEMA = 'aegis', TABLE = 'breaker_conditions', CONSTRAINT = v_constraint,
                      DETAIL = format('PostgreSQL says: %s.', v_message),
                      HINT = 'See the constraints of aegis.breaker_conditions.';
    END;

    IF v_is_changed THEN
        PERFORM aegis_guard._record_act('rule_change', format('breaker condition %s', p_condition_code), NULL, NULL,
                                    aegis._version_change(CASE v_old.data_version WHEN 0 THEN '{}' ELSE to_jsonb(v_old) END, to_jsonb(v_new))
                                    || jsonb_build_object('changes', p_changes, 'reason', p_reason));
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.change_breaker_condition(text, jsonb, text) IS -- noqa: LT01
'Changes or adds what trips circuit breakers and keeps the former version; raises AEV51, AEV53 or AEV54.';

ALTER PROCEDURE aegis.change_breaker_condition(text, jsonb, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.change_breaker_condition(text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.change_breaker_condition(text, jsonb, text) TO aegis_operator;
