-- _judge_batch: the rules asked about a batch on its way in, in its transaction, set by set: registered in
-- aegis.ingest_checks. Flags, never refuses: what a rule finds is a finding, and the row stays.
--
-- Rows are judged by aegis.validation_baselines. Rows of days without one, years of history above all, are counted and
-- left to aegis.validate_trading_day. Baselines that rest on the days of the batch become stale.

CREATE OR REPLACE FUNCTION aegis._judge_batch(
    p_target text,
    p_source text,
    p_batch_number bigint,
    p_work regclass
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET enable_nestloop = on
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
    v_judged bigint;
    v_asked tid [];
    v_findings bigint := 0;
    v_days text;
    v_bars text;
    -- Prices come without them. Those of the day before are what the quick look measures by anyway.
    v_shares CONSTANT text := '(SELECT n.previous_shares FROM aegis.validation_baselines AS n
                                 WHERE n.trade_date = w.trade_date AND n.price_basis = ''raw'' AND n.stock_code = w.stock_code)';
BEGIN
    SELECT b.first_day, b.last_day, b.received - b.quarantined - b.rejected
      INTO v_from, v_to, v_rows
      FROM aegis.ingest_batches AS b
     WHERE b.batch_number = p_batch_number;
    IF v_rows = 0 THEN
        RETURN;
    END IF;

    -- The stage has no statistics. A few rows are looked up in the baselines of their day, many are joined with all of them.
    PERFORM set_config('enable_nestloop', CASE WHEN v_rows < 200 THEN 'on' ELSE 'off' END, TRUE);

    IF p_target = 'daily_market_data' THEN
        PERFORM aegis._lock_baselines(FALSE);

        IF EXISTS (SELECT FROM aegis.validation_baselines AS n WHERE n.trade_date > v_from AND n.trade_date <= v_to + 100) THEN
            EXECUTE format(
                'UPDATE aegis.validation_baselines AS n
                    SET is_stale = TRUE
                   FROM (SELECT w.stock_code, w.price_basis, min(w.trade_date) AS trade_date
                           FROM %s AS w WHERE w.reason IS NULL GROUP BY 1, 2) AS w
                  WHERE n.stock_code = w.stock_code
                    AND n.price_basis = w.price_basis
                    AND n.trade_date > w.trade_date
                    AND n.trade_date > $1
                    AND n.trade_date <= $2 + 100
                    AND NOT n.is_stale', p_work)
              USING v_from, v_to;
        END IF;
    END IF;

    IF NOT EXISTS (SELECT FROM aegis.validation_baselines AS n WHERE n.trade_date BETWEEN v_from AND v_to) THEN
        PERFORM aegis._record_run('ingest', p_target, v_from, v_to, v_limit, 0, 0, v_started_at, p_batch_number, v_rows);
        RETURN;
    END IF;

    -- Written out, so that it also bounds what the batch is joined with.
    v_days := CASE WHEN v_from = v_to THEN format('= DATE %L', v_from) ELSE format('BETWEEN DATE %L AND DATE %L', v_from, v_to) END;
    v_bars := CASE p_target
        WHEN 'daily_market_data' THEN format(
            '(SELECT w.ctid AS place, w.stock_code, w.trade_date, w.price_basis, w.open_price, w.high_price, w.low_price, w.close_price,
                     w.volume::bigint AS volume, w.trade_value, w.market_cap, w.listed_shares::bigint AS listed_shares,
                     0 AS data_version, %s::bigint AS batch_number, w.base_price
                FROM %s AS w WHERE w.reason IS NULL AND w.trade_date %s)', p_batch_number, p_work, v_days)
        ELSE format(
            '(SELECT w.ctid AS place, w.stock_code, w.trade_date, ''raw''::text AS price_basis, 0::numeric AS open_price,
                     w.price AS high_price, w.price AS low_price, w.price AS close_price, w.volume::bigint AS volume,
                     NULL::numeric AS trade_value, NULL::numeric AS market_cap, %4$s AS listed_shares,
                     0 AS data_version, %1$s::bigint AS batch_number, NULL::numeric AS base_price
                FROM %2$s AS w WHERE w.reason IS NULL AND w.trade_date %3$s)', p_batch_number, p_work, v_days, v_shares)
    END;

    EXECUTE format('SELECT count(*), array_agg(q.place) FILTER (WHERE q.is_quiet IS NOT TRUE) FROM (%s) AS q WHERE NOT q.is_stale',
                   aegis._quick_look(p_target, replace(v_bars, v_shares, 'NULL::bigint'), v_days))
       INTO v_judged, v_asked;
    v_bars := replace(v_bars, 'WHERE w.reason IS NULL', format('WHERE w.ctid = ANY (%L)', v_asked));

    -- Only what this batch has written is judged: a stale or repeated row is not the value.
    FOR v_pass IN
        SELECT v_bars AS bars, v_limit AS priority_limit
        UNION ALL
        SELECT replace(v_bars, 'WHERE w.ctid',
                       format('WHERE (hashtextextended(w.stock_code, %s) & 1048575) < %s AND w.ctid',
                              p_batch_number, d.sampling_rate * 1048576)), v_every
          FROM aegis.deferred_checks AS d
         WHERE d.batch_number = p_batch_number AND d.target = p_target AND d.sampling_rate > 0 AND v_limit < v_every
    LOOP
        EXIT WHEN v_asked IS NULL;

        EXECUTE format(
            'INSERT INTO aegis.findings (
                 rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version,
                 batch_number, observed, explained_by, status, found_by
             )
             SELECT DISTINCT ON (j.trade_date, j.stock_code, j.price_basis, j.rule_code)
                    j.rule_code, j.rule_version, j.severity, %1$L, j.stock_code, j.trade_date, j.price_basis, '''',
                    t.data_version, t.batch_number, j.observed, j.explained_by,
                    CASE WHEN j.explained_by IS NULL THEN ''open'' ELSE ''explained'' END, ''ingest''
               FROM aegis._judge(%1$L, $1, $2) AS j
              CROSS JOIN LATERAL (
                SELECT t.data_version, t.batch_number
                  FROM aegis.%1$I AS t
                 WHERE t.stock_code = j.stock_code AND t.trade_date = j.trade_date AND t.batch_number = $3 %2$s
                OFFSET 0
              ) AS t
              ORDER BY j.trade_date, j.stock_code, j.price_basis, j.rule_code
             ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING',
            p_target, CASE p_target WHEN 'daily_market_data' THEN 'AND t.price_basis = j.price_basis' END)
          USING format('SELECT x.*, '''' AS slot FROM (%s) AS x', aegis._context_query(
                    v_pass.bars,
                    -- Few are left to be asked: each looks up its baseline.
                    'CROSS JOIN LATERAL (
                        SELECT n.* FROM aegis.validation_baselines AS n
                         WHERE n.trade_date = d.trade_date AND n.price_basis = d.price_basis AND n.stock_code = d.stock_code
                           AND NOT n.is_stale
                        OFFSET 0
                     ) AS k',
                    p_from => v_from, p_to => v_to)),
                v_pass.priority_limit, p_batch_number;
        GET DIAGNOSTICS v_new = ROW_COUNT;
        v_findings := v_findings + v_new;
    END LOOP;

    PERFORM aegis._record_run('ingest', p_target, v_from, v_to, v_limit, v_judged, v_findings, v_started_at, p_batch_number,
                              v_rows - v_judged);
END;
$function$;

COMMENT ON FUNCTION aegis._judge_batch(text, text, bigint, regclass) IS -- noqa: LT01
'Judges the accepted rows of a batch by the baselines of their days and writes findings, in the transaction of the batch.';

ALTER FUNCTION aegis._judge_batch(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge_batch(text, text, bigint, regclass) FROM PUBLIC;
