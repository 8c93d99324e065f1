-- _tell_load_level: an alert about a new load level, and its act in the ledger.

CREATE OR REPLACE FUNCTION aegis._tell_load_level(p_from integer, p_to integer, p_measure text)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT aegis_guard._record_act('mode_change', 'load level', NULL, NULL,
                                   jsonb_build_object('from', p_from, 'to', p_to, 'reason', p_measure));
    SELECT aegis._raise_alert(
               'load_level',
               format('%s:%s', p_from, p_to),
               CASE WHEN p_to > p_from THEN 'error' ELSE 'warning' END,
               jsonb_build_object('previous_level', p_from, 'level', p_to, 'measure', p_measure,
                                  'priorities', format('1-%s', aegis._priorities_through(p_to)))
           )
$function$;

COMMENT ON FUNCTION aegis._tell_load_level(integer, integer, text) IS -- noqa: LT01
'Raises the alert that the load level changed.';

ALTER FUNCTION aegis._tell_load_level(integer, integer, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._tell_load_level(integer, integer, text) FROM PUBLIC;
