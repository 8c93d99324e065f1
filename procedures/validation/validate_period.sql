-- validate_period: judge all bars of a range of days in one pass, after years were loaded or a rule has changed.
--
-- Call     SELECT * FROM aegis.validate_period('2015-01-01', '2024-12-31');
-- Role     aegis_operator
-- Locks    nothing that readers or writers of prices wait for
-- Raises   AEV07  a day is missing or infinite, or the range ends before it begins
-- Repeat   idempotent: a finding is written once for each version of the rule and of the value
--
-- Finds in bars what aegis.validate_trading_day finds in them day by day, without baselines, by as many parallel workers as
-- the server grants (max_parallel_workers_per_gather). One transaction, a year at a time, so that ten years take no more
-- memory than one. Sessions as a whole and missing bars are for aegis.validate_trading_day. p_priority_limit puts off the
-- rules of higher numbers.

CREATE OR REPLACE FUNCTION aegis.validate_period(
    p_from date,
    p_to date,
    p_priority_limit integer DEFAULT 100
)
RETURNS aegis.validation_runs
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- Index scans give the bars of a code in order, at half the cost of bitmaps for twenty rows a month.
SET enable_bitmapscan = off
-- Codes are shared among parallel workers although their table is small and much is expected to be found.
SET min_parallel_table_scan_size = 0
SET parallel_tuple_cost = 0
AS $function$
DECLARE
    v_started_at timestamptz := clock_timestamp();
    v_from date := p_from;
    v_to date;
    v_new bigint;
    v_judged bigint := 0;
    v_findings bigint := 0;
    v_run aegis.validation_runs;
BEGIN
    IF (isfinite(p_from) AND isfinite(p_to) AND p_from <= p_to) IS NOT TRUE THEN
        RAISE EXCEPTION 'the range from % to % cannot be judged', coalesce(p_from::text, 'null'), coalesce(p_to::text, 'null')
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass two finite trading dates in order.';
    END IF;

    WHILE v_from <= p_to LOOP
        v_to := least(p_to, v_from + 365);
        INSERT INTO aegis.findings (
            rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version,
            batch_number, observed, explained_by, status, found_by
        )
        SELECT j.rule_code, j.rule_version, j.severity, 'daily_market_data', j.stock_code, j.trade_date, j.price_basis, j.slot,
               j.data_version, j.batch_number, j.observed, j.explained_by,
               CASE WHEN j.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'range'
          FROM aegis._judge('daily_market_data', aegis._range_context(v_from, v_to), p_priority_limit) AS j
        ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
        GET DIAGNOSTICS v_new = ROW_COUNT;
        v_findings := v_findings + v_new;

        PERFORM aegis._supersede_findings('{daily_market_data}', v_from, v_to, p_priority_limit);

        SELECT v_judged + count(*) INTO v_judged
          FROM aegis.daily_market_data AS d WHERE d.trade_date BETWEEN v_from AND v_to AND d.is_active;
        v_from := v_to + 1;
    END LOOP;

    v_run := aegis._record_run('range', 'daily_market_data', p_from, p_to, p_priority_limit, v_judged, v_findings,
                               v_started_at);
    RETURN v_run;
END;
$function$;

COMMENT ON FUNCTION aegis.validate_period(date, date, integer) IS -- noqa: LT01
'Judges all bars of a range of days in one pass, writes findings and returns the run; raises AEV07.';

ALTER FUNCTION aegis.validate_period(date, date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_period(date, date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_period(date, date, integer) TO aegis_operator;
