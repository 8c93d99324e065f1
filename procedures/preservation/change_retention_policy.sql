-- change_retention_policy: give a table another retention term, with a reason.
--
-- Call     CALL aegis.change_retention_policy('stock_ticks', 'archived by another desk', p_keep => '90 days');
-- Role     aegis_operator
-- Locks    the row of the policy, until the caller's transaction ends
-- Raises   AEP56  no policy, no reason, or a term that the policy's bounds or class do not allow
-- Repeat   idempotent: what is in force already changes nothing
--
-- Terms are whole days, months or years. p_archive is the second term of a class that may be
-- dropped: logs and real-time data. p_final_action => 'archive' keeps the archives of such a
-- table for ever, 'drop' lets them go again.

CREATE OR REPLACE PROCEDURE aegis.change_retention_policy(
    p_table_name text,
    p_reason text,
    p_keep interval DEFAULT NULL,
    p_archive interval DEFAULT NULL,
    p_export_required boolean DEFAULT NULL,
    p_final_action text DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $procedure$
DECLARE
    v_old aegis.retention_policies;
    v_new aegis.retention_policies;
    v_detail text;
BEGIN
    SELECT y.* INTO v_old FROM aegis.retention_policies AS y WHERE y.table_name = p_table_name FOR UPDATE;

    v_new := v_old;
    v_new.keep_term := coalesce(p_keep, v_old.keep_term);
    v_new.final_action := coalesce(p_final_action, v_old.final_action);
    v_new.archive_term := CASE WHEN v_new.final_action = 'drop' THEN coalesce(p_archive, v_old.archive_term) END;
    v_new.is_export_required := coalesce(p_export_required, v_old.is_export_required);

    v_detail := CASE
        WHEN v_old.table_name IS NULL THEN 'There is no policy of that table.'
        WHEN coalesce(btrim(p_reason), '') = '' THEN 'A change needs a reason.'
        -- Intervals compare with months of 30 days; a calendar has others.
        WHEN EXISTS (
            SELECT
              FROM generate_series(TIMESTAMP '2001-01-01', TIMESTAMP '2004-12-31', INTERVAL '1 day') AS d (day)
             WHERE d.day + v_new.keep_term < d.day + v_old.minimum_term
        )
            THEN format('Its rows stay for %s at least.', v_old.minimum_term)
        WHEN p_keep <> date_trunc('day', p_keep) OR p_archive <> date_trunc('day', p_archive)
            THEN 'A term is made of whole days, months or years.'
        WHEN v_new.final_action NOT IN ('archive', 'drop') THEN 'The last action is archive or drop.'
        WHEN v_new.final_action = 'drop' AND v_old.retention_class NOT IN ('log', 'realtime')
            THEN format('Archives of class %s are never dropped.', v_old.retention_class)
        WHEN v_new.final_action = 'drop' AND v_new.archive_term IS NULL
            THEN 'A drop needs a second term.'
        WHEN p_archive IS NOT NULL AND v_new.final_action = 'archive'
            THEN 'Its archives stay for ever: there is no second term.'
        WHEN v_new.archive_term < INTERVAL '0' THEN 'A term is not negative.'
    END;

    IF v_detail IS NOT NULL THEN
        RAISE EXCEPTION 'the retention of % does not change', coalesce(p_table_name, 'null')
            USING ERRCODE = 'AEP56', SCHEMA = 'aegis', TABLE = 'retention_policies',
                  DETAIL = v_detail,
                  HINT = 'aegis.retention_policies lists the policies and their bounds.';
    END IF;

    IF v_new IS NOT DISTINCT FROM v_old THEN
        RETURN;
    END IF;

    UPDATE aegis.retention_policies AS y
       SET keep_term = v_new.keep_term,
           final_action = v_new.final_action,
           archive_term = v_new.archive_term,
           is_export_required = v_new.is_export_required,
           change_reason = p_reason,
           data_version = y.data_version + 1,
           last_updated = clock_timestamp(),
           updated_by = SESSION_USER
     WHERE y.table_name = p_table_name;

    PERFORM aegis_guard._record_act(
        p_kind => 'rule_change',
        p_subject => format('retention of aegis.%I', p_table_name),
        p_detail => jsonb_build_object(
            'reason', p_reason,
            'before', to_jsonb(v_old) - ARRAY['event_columns', 'change_reason', 'last_updated', 'updated_by'],
            'after', to_jsonb(v_new) - ARRAY['event_columns', 'change_reason', 'last_updated', 'updated_by']
        )
    );
END;
$procedure$;

COMMENT ON PROCEDURE aegis.change_retention_policy(text, text, interval, interval, boolean, text) IS -- noqa: LT01
'Changes the retention terms of a table within their bounds and keeps the former ones; raises AEP56.';

ALTER PROCEDURE aegis.change_retention_policy(text, text, interval, interval, boolean, text) OWNER TO aegis_guard;
REVOKE ALL ON PROCEDURE aegis.change_retention_policy(text, text, interval, interval, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE aegis.change_retention_policy(text, text, interval, interval, boolean, text) TO aegis_operator;
