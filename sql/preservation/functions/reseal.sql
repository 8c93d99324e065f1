-- Takes the state of this moment as the good one: after installation, after pg_upgrade or a
-- restore into another major version, and after a repair. Returns what differed. It changes
-- baselines only; a guard that is missing stays missing and aegis.posture goes on saying so.
--
-- Raises   AEP06  the reason is blank
--          AEP28  a change window is open: it would be judged by what it left behind

CREATE OR REPLACE FUNCTION aegis_guard.reseal(p_reason text)
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
            v_changed.changes, p_reason
        );
        v_count := v_count + 1;
        RETURN QUERY
        SELECT format('%I.%I', v_changed.schema_name, v_changed.table_name), c.change
          FROM unnest(v_changed.changes) AS c (change);
    END LOOP;

    PERFORM aegis_guard._record_act(p_kind => 'change_window', p_subject => p_reason, p_row_count => v_count,
                                    p_detail => '{"reseal": true}');
END;
$function$;

COMMENT ON FUNCTION aegis_guard.reseal(text) IS
'Takes the present state as the baseline and returns what differed; raises AEP06 or AEP28.';

ALTER FUNCTION aegis_guard.reseal(text) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.reseal(text) FROM PUBLIC;
