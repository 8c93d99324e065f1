-- _check_breaker_subject: refuse to trip or reset a circuit breaker of something that does not exist.
--
-- Raises   AEV50  there is no such code, source or market
--          AEV51  the reason is blank

CREATE OR REPLACE FUNCTION aegis._check_breaker_subject(p_scope text, p_subject text, p_reason text)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'moving a circuit breaker needs a reason'
            USING ERRCODE = 'AEV51',
                  HINT = 'Pass a non-blank p_reason.';
    END IF;

    IF NOT coalesce(
        CASE p_scope
            WHEN 'code' THEN EXISTS (SELECT FROM aegis.stocks AS k WHERE k.stock_code = p_subject)
            WHEN 'source' THEN EXISTS (SELECT FROM aegis.data_sources AS s WHERE s.source = p_subject)
            WHEN 'market' THEN EXISTS (SELECT FROM aegis.stocks AS k WHERE k.market = p_subject)
        END,
        FALSE
    ) THEN
        RAISE EXCEPTION 'there is no circuit breaker for % %', coalesce(p_scope, 'null'), coalesce(quote_literal(p_subject), 'null')
            USING ERRCODE = 'AEV50',
                  HINT = 'Scopes are code, source and market; see aegis.stocks and aegis.data_sources.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._check_breaker_subject(text, text, text) IS -- noqa: LT01
'Refuses scopes, subjects and reasons that make no sense; raises AEV50 or AEV51.';

ALTER FUNCTION aegis._check_breaker_subject(text, text, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._check_breaker_subject(text, text, text) FROM PUBLIC;
