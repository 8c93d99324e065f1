-- _move_load_level: the level that follows from measures and from the level so far; see aegis.refresh_load_level.

CREATE OR REPLACE FUNCTION aegis._move_load_level(p_measures jsonb)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_state aegis.load_state;
    v_now CONSTANT timestamptz := clock_timestamp();
    v_up CONSTANT integer := aegis._load_level_of(p_measures, 1);
    v_stay CONSTANT integer := aegis._load_level_of(p_measures, aegis.configuration('aegis.load_hysteresis')::numeric);
    v_level integer;
    v_calm_from timestamptz;
BEGIN
    SELECT s.* INTO v_state FROM aegis.load_state AS s FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN aegis.load_level();
    END IF;

    v_level := v_state.level;
    IF v_up > v_level THEN
        v_level := v_up;
    ELSIF v_stay < v_level THEN
        -- least: after the clock was set back the calm begins anew, and not in the future
        v_calm_from := least(coalesce(v_state.calm_from, v_now), v_now);
        IF v_now - v_calm_from >= aegis.configuration('aegis.load_calm')::interval THEN
            v_level := v_level - 1;
            v_calm_from := v_now;
        END IF;
    END IF;

    UPDATE aegis.load_state AS s
       SET level = v_level,
           level_from = CASE WHEN v_level = s.level THEN s.level_from ELSE v_now END,
           measured_at = v_now,
           measures = p_measures,
           calm_from = v_calm_from,
           override_level = CASE WHEN s.override_until > v_now THEN s.override_level END,
           override_reason = CASE WHEN s.override_until > v_now THEN s.override_reason END,
           override_by = CASE WHEN s.override_until > v_now THEN s.override_by END,
           override_until = CASE WHEN s.override_until > v_now THEN s.override_until END;

    IF v_level <> v_state.level THEN
        PERFORM aegis._tell_load_level(v_state.level, v_level, p_measures::text);
    END IF;

    RETURN aegis.load_level();
END;
$function$;

COMMENT ON FUNCTION aegis._move_load_level(jsonb) IS -- noqa: LT01
'Moves the load level by measures: up at once, down one level after a calm; returns the level in force.';

ALTER FUNCTION aegis._move_load_level(jsonb) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._move_load_level(jsonb) FROM PUBLIC;
