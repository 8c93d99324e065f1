-- _judge_day: judge a trading day again with all rules, by aegis.validate_trading_day. Looked up when it is called: the
-- queue is installed before the evaluation of rules. Where that is absent, what is known about the day stays as it is.

CREATE OR REPLACE FUNCTION aegis._judge_day(p_date date)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF to_regprocedure('aegis.validate_trading_day(date, integer)') IS NOT NULL THEN
        EXECUTE 'SELECT FROM aegis.validate_trading_day($1)' USING p_date;
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._judge_day(date) IS -- noqa: LT01
'Judges a trading day again with all rules.';

ALTER FUNCTION aegis._judge_day(date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge_day(date) FROM PUBLIC;
