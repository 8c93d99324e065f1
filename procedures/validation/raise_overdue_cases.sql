-- raise_overdue_cases: remind of every case past its time, once a day. For the scheduler, or the deliverer of alerts.
--
-- Call     SELECT aegis.raise_overdue_cases();
-- Role     aegis_operator
-- Locks    none that others wait for
-- Raises   nothing of its own
-- Repeat   idempotent within a day: the same reminder counts

CREATE OR REPLACE FUNCTION aegis.raise_overdue_cases()
RETURNS bigint
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT count(aegis._raise_alert(
               'case_overdue',
               o.case_id::text,
               o.severity,
               jsonb_build_object(
                   'case_id', o.case_id, 'rule_code', o.rule_code, 'severity', aegis._severity_words(o.severity),
                   'stock_code', o.stock_code, 'trade_date', o.trade_date,
                   'age', jsonb_build_object('en', o.hours || ' h', 'ko', o.hours || '시간')),
               o.rule_code,
               nullif(o.stock_code, '*')))
      FROM (
        SELECT c.*, ceil(extract(EPOCH FROM clock_timestamp() - c.opened_at) / 3600) AS hours
          FROM aegis.cases AS c
         WHERE c.state IN ('open', 'assigned')
           AND c.due_at < clock_timestamp()
         ORDER BY c.priority, c.due_at
         LIMIT aegis.configuration('aegis.overdue_alerts_maximum')::integer
      ) AS o
$function$;

COMMENT ON FUNCTION aegis.raise_overdue_cases() IS
'Raises an alert a day for each case past its time, the gravest first; returns how many are past it.';

ALTER FUNCTION aegis.raise_overdue_cases() OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.raise_overdue_cases() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.raise_overdue_cases() TO aegis_operator;
