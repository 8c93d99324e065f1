-- rule_market: the market whose rules apply to what a source calls a market; KOSDAQ GLOBAL is a section of KOSDAQ.

CREATE OR REPLACE FUNCTION aegis.rule_market(p_market text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $function$
    SELECT CASE
        WHEN p_market IN ('KOSDAQ GLOBAL', 'KSQ') THEN 'KOSDAQ'
        WHEN p_market = 'STK' THEN 'KOSPI'
        WHEN p_market IN ('KNX', 'KN') THEN 'KONEX'
        ELSE p_market
    END
$function$;

COMMENT ON FUNCTION aegis.rule_market(text) IS -- noqa: LT01
'Market whose rules apply to what a source calls a market: KOSDAQ GLOBAL is KOSDAQ.';

ALTER FUNCTION aegis.rule_market(text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.rule_market(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.rule_market(text) TO aegis_reader;
