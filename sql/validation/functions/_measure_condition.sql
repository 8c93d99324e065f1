-- _measure_condition: whether a condition of a circuit breaker is fulfilled now, and what to say about it. Asked of a
-- breaker whose row the caller has locked, by the batch that may fulfil it.
--
-- What came before the breaker was closed last does not count. Rows of a source are counted over its latest batches, at
-- most so many as lie among a thousand batch numbers: they are found by their key.

CREATE OR REPLACE FUNCTION aegis._measure_condition(
    p_condition aegis.breaker_conditions,
    p_breaker aegis.circuit_breakers,
    p_batch_number bigint
)
RETURNS TABLE (is_reached boolean, reason text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_live_from CONSTANT date := aegis._live_from();
    v_rank CONSTANT integer := aegis._severity_rank(p_condition.minimum_severity);
    v_since timestamptz := clock_timestamp() - p_condition.period;
    v_counted bigint;
    v_rows bigint;
BEGIN
    IF p_condition.kind = 'findings' THEN
        SELECT count(*) INTO v_counted
          FROM aegis.findings AS f
         WHERE f.trade_date >= v_live_from
           AND f.status = 'open'
           AND f.found_at > v_since
           AND f.finding_id > p_breaker.counts_after
           AND f.batch_number IS NOT NULL
           AND aegis._severity_rank(f.severity) >= v_rank
           AND (p_condition.rule_code IS NULL OR f.rule_code = p_condition.rule_code)
           AND CASE p_breaker.scope
                   WHEN 'code' THEN f.stock_code = p_breaker.subject
                   WHEN 'source' THEN EXISTS (SELECT FROM aegis.ingest_batches AS b
                                               WHERE b.batch_number = f.batch_number
                                                 AND b.source = p_breaker.subject)
                   ELSE EXISTS (SELECT FROM aegis.stocks AS k
                                 WHERE k.stock_code = f.stock_code AND k.market = p_breaker.subject)
               END;
        RETURN QUERY SELECT v_counted >= p_condition.threshold,
                            format('%s: %s findings of severity %s or more within %s', p_condition.condition_code,
                                   v_counted, p_condition.minimum_severity, p_condition.period);
        RETURN;
    END IF;

    IF p_breaker.trips > 0 THEN
        v_since := greatest(v_since, p_breaker.changed_at);
    END IF;

    SELECT coalesce(sum(b.received), 0),
           coalesce(sum(CASE WHEN p_condition.kind = 'stale_share' THEN b.stale ELSE d.put_aside END), 0)
      INTO v_rows, v_counted
      FROM aegis.ingest_batches AS b
      LEFT JOIN LATERAL (
        SELECT count(*) AS put_aside
          FROM aegis.dead_letters AS l
         WHERE l.batch_number = b.batch_number
           AND b.quarantined + b.rejected > 0
           AND l.reason <> 'breaker_open'
           AND (p_condition.rule_code IS NULL OR l.reason = p_condition.rule_code)
      ) AS d ON p_condition.kind <> 'stale_share'
     WHERE b.batch_number BETWEEN p_batch_number - 999 AND p_batch_number
       AND b.source = p_breaker.subject
       AND b.applied_at > v_since;

    RETURN QUERY SELECT CASE p_condition.kind
                            WHEN 'dead_letters' THEN v_counted >= p_condition.threshold
                            ELSE v_rows >= p_condition.minimum_rows AND v_counted >= p_condition.threshold * v_rows
                        END,
                        format(CASE p_condition.kind WHEN 'stale_share' THEN '%s: %s of %s rows within %s were older than what is stored'
                                                     ELSE '%s: %s of %s rows within %s were put aside' END,
                               p_condition.condition_code, v_counted, v_rows, p_condition.period);
END;
$function$;

COMMENT ON FUNCTION aegis._measure_condition(aegis.breaker_conditions, aegis.circuit_breakers, bigint) IS -- noqa: LT01
'Whether a condition of a circuit breaker is fulfilled as of a batch, with the words for its reason.';

ALTER FUNCTION aegis._measure_condition(aegis.breaker_conditions, aegis.circuit_breakers, bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._measure_condition(aegis.breaker_conditions, aegis.circuit_breakers, bigint) FROM PUBLIC;
