-- Whether a calendar term that began with an event is over. The term is added to the day of the
-- event, not taken from today, and the day on which it ends still belongs to it: what happened
-- on 29 February stays through 28 February of a common year.

CREATE OR REPLACE FUNCTION aegis_guard._is_past_term(
    p_event_on date,
    p_term interval,
    p_today date
)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (p_event_on + p_term)::date < p_today
$function$;

COMMENT ON FUNCTION aegis_guard._is_past_term(date, interval, date) IS -- noqa: LT01
'Whether a calendar term that began on a day is over on another; its last day belongs to it.';

ALTER FUNCTION aegis_guard._is_past_term(date, interval, date) OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard._is_past_term(date, interval, date) FROM PUBLIC;
