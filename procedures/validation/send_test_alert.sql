-- send_test_alert: raise an alert that says nothing is wrong, to try the channels.
--
-- Call     SELECT aegis.send_test_alert();
-- Role     aegis_operator
-- Locks    none
-- Raises   nothing of its own
-- Repeat   once a second; more often it counts on the same alert

CREATE OR REPLACE FUNCTION aegis.send_test_alert()
RETURNS bigint
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- critical, so that it passes every channel
    SELECT aegis._raise_alert('test', SESSION_USER, 'critical', jsonb_build_object('actor', SESSION_USER))
$function$;

COMMENT ON FUNCTION aegis.send_test_alert() IS 'Raises a test alert on every enabled channel; returns its number.';

ALTER FUNCTION aegis.send_test_alert() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.send_test_alert() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.send_test_alert() TO aegis_operator;
