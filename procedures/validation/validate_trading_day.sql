-- validate_trading_day: judge all bars of a day, and the day as a whole, and write what the rules found.
--
-- Call     SELECT * FROM aegis.validate_trading_day('2026-11-26');
-- Role     aegis_operator
-- Locks    nothing that readers or writers of prices wait for
-- Raises   AEV07  the day is missing or infinite
-- Repeat   idempotent: a finding is written once for each version of the rule and of the value
--
-- Uses the baselines of the day and makes them where they are missing or stale. p_priority_limit puts off the
-- rules of higher numbers. Findings of superseded versions of a value or rule become superseded. On a day with ticks they and
-- their 20-minute bars are judged too, as runs of their own.

CREATE OR REPLACE FUNCTION aegis.validate_trading_day(
    p_date date,
    p_priority_limit integer DEFAULT 100
)
RETURNS aegis.validation_runs
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET enable_nestloop = on
AS $function$
DECLARE
    v_started_at timestamptz := clock_timestamp();
    v_bars CONSTANT text := aegis._bars_query(p_date, p_date);
    v_judged bigint;
    v_new bigint;
    v_findings bigint := 0;
    v_target text;
    v_run aegis.validation_runs;
BEGIN
    IF p_date IS NULL OR NOT isfinite(p_date) THEN
        RAISE EXCEPTION 'day % cannot be judged', coalesce(p_date::text, 'null')
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass a finite trading date.';
    END IF;

    SELECT count(*) INTO v_judged FROM aegis.daily_market_data AS d WHERE d.trade_date = p_date AND d.is_active;

    IF NOT aegis._has_baselines(v_bars, p_date, p_date)
        OR NOT EXISTS (SELECT FROM aegis.validation_baselines AS n WHERE n.trade_date = p_date)
    THEN
        PERFORM aegis._refresh_baselines(p_date, p_date);
    END IF;

    -- All bars of the day meet all of its baselines, which may be too new for statistics.
    PERFORM set_config('enable_nestloop', 'off', TRUE);

    FOREACH v_target IN ARRAY ARRAY['daily_market_data', 'trading_sessions'] LOOP
        INSERT INTO aegis.findings (
            rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version,
            batch_number, observed, explained_by, status, found_by
        )
        SELECT j.rule_code, j.rule_version, j.severity, v_target, j.stock_code, j.trade_date, j.price_basis, j.slot,
               j.data_version, j.batch_number, j.observed, j.explained_by,
               CASE WHEN j.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'day'
          FROM aegis._judge(v_target,
                            CASE v_target WHEN 'daily_market_data' THEN aegis._baseline_context(v_bars, p_date, p_date)
                                          ELSE aegis._session_context(p_date) END,
                            p_priority_limit) AS j
        ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
        GET DIAGNOSTICS v_new = ROW_COUNT;
        v_findings := v_findings + v_new;
    END LOOP;

    PERFORM set_config('enable_nestloop', 'on', TRUE);
    PERFORM aegis._supersede_findings('{daily_market_data,trading_sessions}', p_date, p_date, p_priority_limit);

    IF EXISTS (SELECT FROM aegis.stock_ticks AS t WHERE t.trade_date = p_date) THEN
        PERFORM aegis._validate_ticks(p_date, p_priority_limit);
        PERFORM aegis.validate_twenty_minute_bars(p_date, p_priority_limit);
    END IF;

    v_run := aegis._record_run('day', 'daily_market_data', p_date, p_date, p_priority_limit, v_judged, v_findings,
                               v_started_at);
    RETURN v_run;
END;
$function$;

COMMENT ON FUNCTION aegis.validate_trading_day(date, integer) IS -- noqa: LT01
'Judges all bars of a day and the day as a whole, writes findings and returns the run; raises AEV07.';

ALTER FUNCTION aegis.validate_trading_day(date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_trading_day(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_trading_day(date, integer) TO aegis_operator;
