-- _ask_breakers: check of ingest (stage rows): rows of a tripped code, source or market are quarantined with the reason
-- breaker_open. They are dead letters then, to be replayed once the breaker is closed.

CREATE OR REPLACE FUNCTION aegis._ask_breakers(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS TABLE (line_number bigint, reason text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_blocked text [] := '{}';
    v_markets text [] := '{}';
    v_scope text;
    v_subject text;
BEGIN
    -- The usual case, and the whole cost of it: one look into an empty partial index.
    IF NOT EXISTS (SELECT FROM aegis.circuit_breakers AS b WHERE b.state <> 'closed') THEN
        RETURN;
    END IF;

    IF NOT aegis._is_admitted('source', p_source, p_batch_number) THEN
        RETURN QUERY EXECUTE format('SELECT w.line_number::bigint, ''breaker_open'' FROM %s AS w WHERE w.reason IS NULL', p_work);
        RETURN;
    END IF;

    FOR v_scope, v_subject IN EXECUTE format(
        'SELECT b.scope, b.subject
           FROM (SELECT DISTINCT w.stock_code FROM %1$s AS w WHERE w.reason IS NULL) AS w
           JOIN aegis.circuit_breakers AS b ON b.scope = ''code'' AND b.subject = w.stock_code
          WHERE b.state <> ''closed''
         UNION
         SELECT b.scope, b.subject
           FROM (SELECT DISTINCT w.stock_code FROM %1$s AS w WHERE w.reason IS NULL) AS w
           JOIN aegis.stocks AS k ON k.stock_code = w.stock_code
           JOIN aegis.circuit_breakers AS b ON b.scope = ''market'' AND b.subject = k.market
          WHERE b.state <> ''closed''
          ORDER BY 1, 2', p_work)
    LOOP
        IF NOT aegis._is_admitted(v_scope, v_subject, p_batch_number) THEN
            IF v_scope = 'code' THEN
                v_blocked := v_blocked || v_subject;
            ELSE
                v_markets := v_markets || v_subject;
            END IF;
        END IF;
    END LOOP;

    IF v_blocked <> '{}' OR v_markets <> '{}' THEN
        RETURN QUERY EXECUTE format(
            'SELECT w.line_number::bigint, ''breaker_open''
               FROM %s AS w
               LEFT JOIN aegis.stocks AS k ON k.stock_code = w.stock_code
              WHERE w.reason IS NULL
                AND (w.stock_code = ANY ($1) OR k.market = ANY ($2))', p_work)
          USING v_blocked, v_markets;
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis._ask_breakers(text, text, bigint, regclass) IS -- noqa: LT01
'Check of ingest: names the rows whose code, source or market has tripped.';

ALTER FUNCTION aegis._ask_breakers(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._ask_breakers(text, text, bigint, regclass) FROM PUBLIC;
