-- _judge_ticks: the rules of ticks asked about a batch on its way in, in its transaction: registered in
-- aegis.ingest_checks. Flags, never refuses. A batch that lies within the regular session of KRX, as most do, costs one scan
-- of itself; what ticks add up to is judged in their 20-minute bars.
--
-- Ticks of a code and venue within the same 20 minutes of the clock are one finding, whichever number of them comes.

CREATE OR REPLACE FUNCTION aegis._judge_ticks(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_started_at timestamptz := clock_timestamp();
    v_every CONSTANT integer := aegis.configuration('aegis.ingest_priority_limit')::integer;
    -- Under load a batch is spared some rules, all but a sample of its codes; see aegis._decide_checks.
    v_limit CONSTANT integer := least(v_every, upper(aegis.active_priorities(p_batch_number)) - 1);
    v_pass record;
    v_new bigint;
    v_from date;
    v_to date;
    v_rows bigint;
    v_is_regular boolean;
    v_findings bigint := 0;
BEGIN
    EXECUTE format(
        'SELECT min(w.trade_date), max(w.trade_date), count(*),
                bool_and(w.venue = ''XKRX'' AND w.traded_at BETWEEN c.opens_at AND c.closes_at + $1)
           FROM %s AS w
           LEFT JOIN aegis.trading_calendar AS c ON c.venue = ''XKRX'' AND c.trade_date = w.trade_date
          WHERE w.reason IS NULL', p_work)
       INTO v_from, v_to, v_rows, v_is_regular
      USING aegis.configuration('aegis.closing_grace')::interval;
    IF v_rows = 0 THEN
        RETURN;
    END IF;

    FOR v_pass IN
        SELECT 'TRUE' AS sample, v_limit AS priority_limit
         WHERE v_is_regular IS NOT TRUE
         UNION ALL
        SELECT format('(hashtextextended(s.stock_code, %s) & 1048575) < %s', p_batch_number, d.sampling_rate * 1048576), v_every
          FROM aegis.deferred_checks AS d
         WHERE d.batch_number = p_batch_number AND d.target = p_target AND d.sampling_rate > 0 AND v_limit < v_every
           AND v_is_regular IS NOT TRUE
    LOOP
        INSERT INTO aegis.findings (
            rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version, batch_number,
            observed, explained_by, status, found_by
        )
        SELECT j.rule_code, j.rule_version, j.severity, p_target, j.stock_code, j.trade_date, j.price_basis, j.slot,
               j.data_version, j.batch_number, j.observed, j.explained_by,
               CASE WHEN j.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'ingest'
          FROM aegis._judge(p_target, aegis._tick_context(format(
                   'SELECT s.stock_code, s.trade_date, s.venue, s.traded_at, s.sequence_number, %s::bigint
                      FROM %s AS s WHERE s.reason IS NULL AND %s', p_batch_number, p_work, v_pass.sample), v_from, v_to),
                   v_pass.priority_limit) AS j
         -- In the order of their keys, as whoever else writes findings of ticks.
         ORDER BY j.trade_date, j.stock_code COLLATE "C", j.slot COLLATE "C", j.rule_code COLLATE "C"
        ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
        GET DIAGNOSTICS v_new = ROW_COUNT;
        v_findings := v_findings + v_new;
    END LOOP;

    PERFORM aegis._record_run('ingest', p_target, v_from, v_to, v_limit, v_rows, v_findings, v_started_at, p_batch_number);
END;
$function$;

COMMENT ON FUNCTION aegis._judge_ticks(text, text, bigint, regclass) IS -- noqa: LT01
'Check of ingest: writes findings about the ticks of a batch that lie in no session of their venue and day.';

ALTER FUNCTION aegis._judge_ticks(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge_ticks(text, text, bigint, regclass) FROM PUBLIC;
