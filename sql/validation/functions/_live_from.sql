-- _live_from: first trading date that is news. A finding about an older day opens a case and nothing more: loading
-- ten years of history wakes nobody and stops no feed.

CREATE OR REPLACE FUNCTION aegis._live_from()
RETURNS date
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date - aegis.configuration('aegis.live_days')::integer;
END;
$function$;

COMMENT ON FUNCTION aegis._live_from() IS
'First trading date (KST) whose findings raise alerts and trip breakers, by the setting aegis.live_days.';

ALTER FUNCTION aegis._live_from() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._live_from() FROM PUBLIC;
