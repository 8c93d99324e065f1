-- _watch_breakers: check of ingest (stage after, behind the rules): trips the circuit breakers of what the batch brought,
-- in its own transaction, and lets its probes pass or fail.
--
-- Two sessions that each bring one finding too few: the second waits at the row of the breaker, then counts again,
-- and sees both. Breakers are met in the order of their keys. A condition on the rows of a source is asked only for a
-- batch that fulfils it by itself, so that a few old or doubtful rows make no session wait.

CREATE OR REPLACE FUNCTION aegis._watch_breakers(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_candidate record;
    v_breaker aegis.circuit_breakers;
    v_condition aegis.breaker_conditions;
    v_is_reached boolean;
    v_reason text;
BEGIN
    FOR v_candidate IN
        WITH brought AS (
            SELECT f.stock_code, aegis._severity_rank(f.severity) AS severity_rank
              FROM aegis.findings AS f
             WHERE f.batch_number = p_batch_number
               AND f.status = 'open'
               AND f.trade_date >= (SELECT aegis._live_from())         -- a batch without findings does not ask
        ),
        subject AS (
            SELECT 'code' COLLATE "C" AS scope, b.stock_code AS subject, b.severity_rank FROM brought AS b
            UNION ALL
            SELECT 'source', p_source, b.severity_rank FROM brought AS b
            UNION ALL
            SELECT 'market', k.market, b.severity_rank
              FROM brought AS b
              JOIN aegis.stocks AS k ON k.stock_code = b.stock_code AND k.market IS NOT NULL
        ),
        candidate AS (
            SELECT s.scope, s.subject COLLATE "C" AS subject, s.severity_rank, FALSE AS is_probe, NULL::text AS condition_code
              FROM subject AS s
            UNION ALL
            SELECT p.scope, p.subject, 0, TRUE, NULL
              FROM aegis.circuit_breaker_probes AS p WHERE p.batch_number = p_batch_number
            UNION ALL
            SELECT k.scope, b.source, 0, FALSE, k.condition_code
              FROM aegis.ingest_batches AS b
              JOIN aegis.breaker_conditions AS k ON k.kind <> 'findings' AND k.is_enabled
             WHERE b.batch_number = p_batch_number
               AND b.quarantined + b.rejected + b.stale > 0
               -- While it is open all rows are put aside, which says nothing about them; a probe's say something.
               AND (
                   NOT EXISTS (SELECT FROM aegis.circuit_breakers AS o
                                WHERE (o.scope, o.subject) = ('source', b.source) AND o.state <> 'closed')
                   OR EXISTS (SELECT FROM aegis.circuit_breaker_probes AS p
                               WHERE (p.batch_number, p.scope, p.subject) = (b.batch_number, 'source', b.source))
               )
               AND CASE k.kind WHEN 'stale_share' THEN b.stale >= k.threshold * b.received
                               WHEN 'put_aside_share' THEN b.quarantined + b.rejected >= k.threshold * b.received
                               ELSE b.quarantined + b.rejected > 0 END
        )
        SELECT c.scope, c.subject, max(c.severity_rank) AS severity_rank, bool_or(c.is_probe) AS is_probe,
               array_agg(c.condition_code) FILTER (WHERE c.condition_code IS NOT NULL) AS reached
          FROM candidate AS c
         WHERE c.subject <> '*'
         GROUP BY c.scope, c.subject
        HAVING bool_or(c.is_probe)
            OR count(c.condition_code) > 0
            OR max(c.severity_rank) >= (
                   SELECT min(aegis._severity_rank(k.minimum_severity))
                     FROM aegis.breaker_conditions AS k
                    WHERE k.is_enabled AND k.scope = c.scope AND k.kind = 'findings'
               )
         ORDER BY c.scope, c.subject
    LOOP
        v_breaker := aegis._lock_breaker(v_candidate.scope, v_candidate.subject);

        IF v_candidate.is_probe AND v_breaker.state <> 'closed' THEN
            IF v_candidate.severity_rank >= aegis._severity_rank(v_breaker.minimum_severity)
                OR v_breaker.condition_code = ANY (v_candidate.reached)
            THEN
                PERFORM aegis._move_breaker(v_breaker, 'open', 
                            'a probe failed: ' || regexp_replace(v_breaker.reason, '^a probe failed: ', ''), p_batch_number);
            ELSE
                v_breaker.probes_passed := v_breaker.probes_passed + 1;
                PERFORM aegis._move_breaker(
                            v_breaker,
                            CASE WHEN v_breaker.probes_passed >= v_breaker.probe_batches THEN 'closed' ELSE 'half_open' END,
                            CASE WHEN v_breaker.probes_passed >= v_breaker.probe_batches
                                 THEN format('%s probes passed', v_breaker.probe_batches)
                                 ELSE v_breaker.reason END,
                            p_batch_number);
            END IF;
        ELSIF v_breaker.state = 'closed' THEN
            FOR v_condition IN
                SELECT c.*
                  FROM aegis.breaker_conditions AS c
                 WHERE c.is_enabled
                   AND c.scope = v_candidate.scope
                   AND (c.condition_code = ANY (v_candidate.reached)
                        OR c.kind = 'findings' AND aegis._severity_rank(c.minimum_severity) <= v_candidate.severity_rank)
                 ORDER BY aegis._severity_rank(c.minimum_severity) DESC, c.condition_code
            LOOP
                SELECT m.is_reached, m.reason INTO v_is_reached, v_reason
                  FROM aegis._measure_condition(v_condition, v_breaker, p_batch_number) AS m;

                IF v_is_reached THEN
                    v_breaker.condition_code := v_condition.condition_code;
                    v_breaker.minimum_severity := v_condition.minimum_severity;
                    v_breaker.cooldown := v_condition.cooldown;
                    v_breaker.probe_batches := v_condition.probe_batches;
                    PERFORM aegis._move_breaker(v_breaker, 'open', v_reason, p_batch_number);
                    EXIT;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION aegis._watch_breakers(text, text, bigint, regclass) IS -- noqa: LT01
'Check of ingest: trips circuit breakers by the findings and verdicts of the batch, and settles its probes.';

ALTER FUNCTION aegis._watch_breakers(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._watch_breakers(text, text, bigint, regclass) FROM PUBLIC;
