-- validate_twenty_minute_bars: judge the 20-minute bars of a day as its ticks are now, and write what the rules found.
--
-- Call     SELECT * FROM aegis.validate_twenty_minute_bars('2026-11-26');
-- Role     aegis_operator
-- Locks    nothing that readers or writers of ticks wait for
-- Raises   AEV07  the day is missing or infinite
-- Repeat   idempotent: a finding is written once for each version of the rule and of the bar
--
-- Call it as often as findings are wanted during a session; aegis.validate_trading_day calls it for days with ticks.
-- p_priority_limit puts off the rules of higher numbers. A late tick makes a new version of its bar, and what was found in
-- the older one becomes superseded.

CREATE OR REPLACE FUNCTION aegis.validate_twenty_minute_bars(
    p_date date,
    p_priority_limit integer DEFAULT 100
)
RETURNS aegis.validation_runs
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_started_at timestamptz := clock_timestamp();
    v_bars jsonb;
    v_findings bigint;
    v_run aegis.validation_runs;
BEGIN
    IF p_date IS NULL OR NOT isfinite(p_date) THEN
        RAISE EXCEPTION 'the 20-minute bars of % cannot be judged', coalesce(p_date::text, 'null')
            USING ERRCODE = 'AEV07',
                  HINT = 'Pass a finite trading date.';
    END IF;

    -- The day stands in the text, so that only the partitions of the look-back are planned.
    EXECUTE format(
        'SELECT coalesce(jsonb_object_agg(b.stock_code || '' '' || b.slot, b.data_version), ''{}'')
           FROM aegis.twenty_minute_bars AS b WHERE b.trade_date = DATE %L', p_date)
       INTO v_bars;

    -- OFFSET 0, so that a column of the view is computed once for a bar and not once for each condition that reads it.
    INSERT INTO aegis.findings (
        rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version, batch_number,
        observed, explained_by, status, found_by
    )
    SELECT j.rule_code, j.rule_version, j.severity, 'twenty_minute_bars', j.stock_code, j.trade_date, j.price_basis, j.slot,
           j.data_version, j.batch_number, j.observed, j.explained_by,
           CASE WHEN j.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'bars'
      FROM aegis._judge('twenty_minute_bars',
                        format('SELECT x.* FROM aegis.twenty_minute_bar_context AS x WHERE x.trade_date = DATE %L OFFSET 0', p_date),
                        p_priority_limit) AS j
    ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
    GET DIAGNOSTICS v_findings = ROW_COUNT;

    UPDATE aegis.findings AS f
       SET status = 'superseded'
     WHERE f.trade_date = p_date
       AND f.target = 'twenty_minute_bars'
       AND f.status IN ('open', 'explained')
       AND (
           -- A bar whose ticks were all deleted is gone, and its doubts with it; not so on a day whose ticks are past their term.
           coalesce((v_bars ->> (f.stock_code || ' ' || f.slot))::integer > f.data_version,
                    EXISTS (SELECT FROM aegis.stock_ticks AS t WHERE t.trade_date = p_date))
           OR EXISTS (
               SELECT
                 FROM aegis.validation_rules AS r
                WHERE r.rule_code = f.rule_code
                  AND r.rule_version > f.rule_version
                  AND r.is_enabled
                  AND r.priority <= p_priority_limit
           )
       );

    v_run := aegis._record_run('bars', 'twenty_minute_bars', p_date, p_date, p_priority_limit,
                               (SELECT count(*) FROM jsonb_object_keys(v_bars)), v_findings, v_started_at);
    RETURN v_run;
END;
$function$;

COMMENT ON FUNCTION aegis.validate_twenty_minute_bars(date, integer) IS -- noqa: LT01
'Judges the 20-minute bars of a day, writes findings and returns the run; raises AEV07.';

ALTER FUNCTION aegis.validate_twenty_minute_bars(date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.validate_twenty_minute_bars(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.validate_twenty_minute_bars(date, integer) TO aegis_operator;
