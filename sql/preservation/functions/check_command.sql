-- Event trigger function before commands whose CASCADE could take the event triggers' own functions:
-- such a drop never reaches aegis_guard.check_drop. Only a superuser and a member of aegis_guard can
-- give them with effect. Also DETACH ... CONCURRENTLY, which commits its first half before anybody is asked.
-- It reads the text of the command, so a superuser can get past it with a DO block; aegis.posture
-- and aegis-db verify then show what is gone.
--
-- Raises   AEP23  the command would take the guards away, or half of a partition

CREATE OR REPLACE FUNCTION aegis_guard.check_command()
RETURNS event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_text text := current_query();
BEGIN
    IF TG_TAG = 'ALTER TABLE' THEN
        IF v_text !~* '\mdetach\M' OR v_text !~* '\mconcurrently\M' OR NOT EXISTS (
            SELECT
              FROM aegis.protected_tables AS p
             WHERE position(p.table_name IN v_text) > 0
                OR position(replace(p.table_name, '"', '""') IN v_text) > 0
        ) THEN
            RETURN;
        END IF;
    ELSIF v_text !~* '(aegis_guard|plpgsql|\mdrop\s+owned\M)'
        OR v_text !~* '\m(cascade|owned)\M'
        OR v_text ~* '\mdrop\s+owned\M' AND v_text !~* '(aegis_owner|aegis_guard|current_|session_)'
        OR aegis_guard._current_window() IS NOT NULL
    THEN
        RETURN;
    END IF;

    PERFORM aegis_guard.record_attempt(NULL, TG_TAG, 'AEP23');
    RAISE EXCEPTION '% is refused', TG_TAG
        USING ERRCODE = 'AEP23',
              DETAIL = CASE TG_TAG
                  WHEN 'ALTER TABLE' THEN 'DETACH ... CONCURRENTLY takes a partition away in two halves.'
                  ELSE 'It could take the functions that guard protected tables.'
              END,
              HINT = 'Name the objects to drop one by one and without CASCADE; partitions go by way of retention.';
END;
$function$;

COMMENT ON FUNCTION aegis_guard.check_command() IS
'Refuses commands that could take the guards away before they are asked; raises AEP23.';

ALTER FUNCTION aegis_guard.check_command() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.check_command() FROM PUBLIC;
