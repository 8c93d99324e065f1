-- change_configuration: give a setting another value, with a reason.
--
-- Call     CALL aegis.change_configuration('aegis.partition_months_ahead', '6', 'year end');
-- Role     aegis_operator
-- Locks    the setting's row, until the caller's transaction ends
-- Raises   AEK91  no such setting
--          AEK92  the value does not fit the setting's type
--          AEK93  the value is outside the setting's bounds
--          AEK94  the reason is blank
-- Repeat   idempotent: a value already in force changes nothing

CREATE OR REPLACE PROCEDURE aegis.change_configuration(
    p_key text,
    p_value text,
    p_reason text
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_setting aegis.system_configurations;
    v_size numeric;
BEGIN
    IF p_reason IS NULL OR btrim(p_reason) = '' THEN
        RAISE EXCEPTION 'a change of % needs a reason', p_key
            USING ERRCODE = 'AEK94',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    SELECT c.* INTO v_setting
      FROM aegis.system_configurations AS c
     WHERE c.configuration_key = p_key
       FOR UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'setting % does not exist', p_key
            USING ERRCODE = 'AEK91', SCHEMA = 'aegis', TABLE = 'system_configurations',
                  HINT = 'aegis.system_configurations lists all settings.';
    END IF;

    BEGIN
        v_size := CASE v_setting.value_type
            WHEN 'boolean' THEN (p_value::boolean)::integer
            WHEN 'integer' THEN p_value::bigint
            WHEN 'numeric' THEN p_value::numeric
            WHEN 'interval' THEN extract(EPOCH FROM p_value::interval)
        END;
    EXCEPTION
        WHEN data_exception THEN v_size := 'NaN';
    END;

    IF p_value IS NULL OR v_size IN ('NaN', 'Infinity', '-Infinity') THEN
        RAISE EXCEPTION 'setting % cannot be %', p_key, coalesce(quote_literal(p_value), 'null')
            USING ERRCODE = 'AEK92', SCHEMA = 'aegis', TABLE = 'system_configurations',
                  DETAIL = format('Its type is %s.', v_setting.value_type),
                  HINT = 'Pass a finite value of that type.';
    ELSIF v_size < v_setting.minimum_value OR v_size > v_setting.maximum_value THEN
        RAISE EXCEPTION 'setting % cannot be %', p_key, quote_literal(p_value)
            USING ERRCODE = 'AEK93', SCHEMA = 'aegis', TABLE = 'system_configurations',
                  DETAIL = format('It lies between %s and %s%s.', v_setting.minimum_value, v_setting.maximum_value,
                                  CASE v_setting.value_type WHEN 'interval' THEN ' seconds' ELSE '' END),
                  HINT = 'Pass a value within these bounds.';
    END IF;

    UPDATE aegis.system_configurations AS c
       SET configuration_value = p_value,
           change_reason = p_reason,
           data_version = c.data_version + 1,
           last_updated = clock_timestamp(),
           updated_by = SESSION_USER
     WHERE c.configuration_key = p_key
       AND c.configuration_value <> p_value;
END;
$procedure$;

COMMENT ON PROCEDURE aegis.change_configuration(text, text, text) IS -- noqa: LT01
'Gives a setting another value and keeps the former one in its history; raises AEK91, AEK92, AEK93 or AEK94.';

ALTER PROCEDURE aegis.change_configuration(text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON PROCEDURE aegis.change_configuration(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.change_configuration(text, text, text) TO aegis_operator;
