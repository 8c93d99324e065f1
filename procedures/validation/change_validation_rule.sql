-- change_validation_rule: give a rule another threshold, severity, priority or scope, or switch it off or on.
--
-- Call     CALL aegis.change_validation_rule('price_gap', '{"threshold": 0.25}', 'small caps are louder');
--          CALL aegis.change_validation_rule('return_iqr', '{"is_enabled": false}', 'too many on thin codes');
-- Role     aegis_operator
-- Locks    the rule's row, until the caller's transaction ends
-- Raises   AEV02  no such rule
--          AEV03  the reason is blank
--          AEV04  there is nothing to change, or it cannot be changed this way
--          AEV05  the threshold or the number of observations makes no sense
--          AEV06  a value does not fit its property
-- Repeat   idempotent: what is so already changes nothing
--
-- Changeable: threshold, minimum_observations, severity, priority, is_enabled, price_bases, markets, stock_codes
-- (null: all), valid_from, valid_to (null: open). Findings keep the version they were made by. The change is an act of
-- the ledger, with what differs between the versions.

CREATE OR REPLACE PROCEDURE aegis.change_validation_rule(
    p_rule_code text,
    p_changes jsonb,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_changeable CONSTANT text [] := ARRAY[
        'threshold', 'minimum_observations', 'severity', 'priority', 'is_enabled', 'price_bases', 'markets',
        'stock_codes', 'valid_from', 'valid_to'
    ];
    v_changes jsonb := p_changes;
    v_old aegis.validation_rules;
    v_new aegis.validation_rules;
    v_property text;
BEGIN
    IF p_reason IS NULL OR btrim(p_reason) = '' THEN
        RAISE EXCEPTION 'a change of rule % needs a reason', p_rule_code
            USING ERRCODE = 'AEV03',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT r.* INTO v_old FROM aegis.validation_rules AS r WHERE r.rule_code = p_rule_code FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rule % does not exist', coalesce(quote_literal(p_rule_code), 'null')
            USING ERRCODE = 'AEV02', SCHEMA = 'aegis', TABLE = 'validation_rules',
                  HINT = 'aegis.validation_rules lists the rules.';
    END IF;

    IF jsonb_typeof(v_changes) IS DISTINCT FROM 'object' OR v_changes = '{}' THEN
        RAISE EXCEPTION 'nothing of rule % is to be changed', p_rule_code
            USING ERRCODE = 'AEV04',
                  HINT = 'Pass p_changes as an object, such as {"threshold": 0.25}.';
    END IF;
    SELECT k.property INTO v_property
      FROM jsonb_object_keys(v_changes) AS k (property)
     WHERE k.property <> ALL (v_changeable)
        OR k.property = 'threshold' AND v_old.threshold IS NULL
        OR k.property = 'minimum_observations' AND v_old.minimum_observations IS NULL
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'property % of rule % cannot be changed', quote_literal(v_property), p_rule_code
            USING ERRCODE = 'AEV04',
                  DETAIL = format('Changeable are %s; a threshold only where the rule has one.',
                                  array_to_string(v_changeable, ', ')),
                  HINT = 'A condition changes by a revision.';
    END IF;

    -- An open end is written as null.
    IF v_changes -> 'valid_from' = 'null' THEN
        v_changes := v_changes || '{"valid_from": "-infinity"}';
    END IF;
    IF v_changes -> 'valid_to' = 'null' THEN
        v_changes := v_changes || '{"valid_to": "infinity"}';
    END IF;

    BEGIN
        v_new := jsonb_populate_record(v_old, v_changes);
    EXCEPTION
        WHEN data_exception THEN
            RAISE EXCEPTION 'rule % cannot become %', p_rule_code, p_changes
                USING ERRCODE = 'AEV06',
                      DETAIL = SQLERRM,
                      HINT = 'See the types of the columns of aegis.validation_rules.';
    END;

    IF v_old.threshold IS NOT NULL
       AND (v_new.threshold BETWEEN v_old.threshold_minimum AND v_old.threshold_maximum) IS NOT TRUE THEN
        RAISE EXCEPTION 'the threshold of rule % cannot be %', p_rule_code, coalesce(v_new.threshold::text, 'null')
            USING ERRCODE = 'AEV05', SCHEMA = 'aegis', TABLE = 'validation_rules', COLUMN = 'threshold',
                  DETAIL = format('It lies between %s and %s (%s).', v_old.threshold_minimum, v_old.threshold_maximum,
                                  v_old.threshold_unit),
                  HINT = 'Pass a threshold within these bounds, or switch the rule off.';
    ELSIF v_old.minimum_observations IS NOT NULL
       AND (v_new.minimum_observations BETWEEN 2 AND 250) IS NOT TRUE THEN
        RAISE EXCEPTION 'rule % cannot rest on % observations', p_rule_code,
                        coalesce(v_new.minimum_observations::text, 'null')
            USING ERRCODE = 'AEV05', SCHEMA = 'aegis', TABLE = 'validation_rules', COLUMN = 'minimum_observations',
                  DETAIL = 'It lies between 2 and 250.',
                  HINT = 'Pass a number within these bounds, or switch the rule off.';
    END IF;

    v_property := CASE
        WHEN (v_new.severity IN ('info', 'warning', 'error', 'critical')) IS NOT TRUE THEN 'severity'
        WHEN (v_new.priority BETWEEN 1 AND 100) IS NOT TRUE THEN 'priority'
        WHEN v_new.is_enabled IS NULL THEN 'is_enabled'
        WHEN (v_new.price_bases <@ '{raw,adjusted}' AND v_new.price_bases <> '{}') IS FALSE THEN 'price_bases'
        WHEN v_new.markets = '{}' OR array_position(v_new.markets, NULL) > 0 THEN 'markets'
        WHEN v_new.stock_codes = '{}' OR array_position(v_new.stock_codes, NULL) > 0 THEN 'stock_codes'
        WHEN (v_new.valid_from <= v_new.valid_to) IS NOT TRUE THEN 'valid_to'
    END;
    IF v_property IS NOT NULL THEN
        RAISE EXCEPTION '% of rule % cannot be %', v_property, p_rule_code, coalesce(p_changes ->> v_property, 'null')
            USING ERRCODE = 'AEV06', SCHEMA = 'aegis', TABLE = 'validation_rules', COLUMN = v_property,
                  HINT = 'To exclude everything, switch the rule off: {"is_enabled": false}.';
    END IF;

    IF v_new IS DISTINCT FROM v_old THEN
        UPDATE aegis.validation_rules AS r
           SET threshold = v_new.threshold,
               minimum_observations = v_new.minimum_observations,
               severity = v_new.severity,
               priority = v_new.priority,
               is_enabled = v_new.is_enabled,
               price_bases = v_new.price_bases,
               markets = v_new.markets,
               stock_codes = v_new.stock_codes,
               valid_from = v_new.valid_from,
               valid_to = v_new.valid_to,
               rule_version = r.rule_version + 1,
               change_reason = p_reason,
               last_updated = clock_timestamp(),
               updated_by = SESSION_USER
         WHERE r.rule_code = p_rule_code
        RETURNING r.* INTO v_new;

        PERFORM aegis_guard._record_act('rule_change', format('validation rule %s', p_rule_code), NULL, NULL,
                                    aegis._version_change(to_jsonb(v_old), to_jsonb(v_new))
                                    || jsonb_build_object('changes', p_changes, 'reason', p_reason));
    END IF;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.change_validation_rule(text, jsonb, text) IS -- noqa: LT01
'Changes threshold, severity, priority, scope or state of a rule and keeps the former version; raises AEV02 to AEV06.';

ALTER PROCEDURE aegis.change_validation_rule(text, jsonb, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.change_validation_rule(text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.change_validation_rule(text, jsonb, text) TO aegis_operator;
