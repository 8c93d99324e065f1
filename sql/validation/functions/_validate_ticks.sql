-- _validate_ticks: judge the ticks of a day as they are now: writes what the rules find in them and retires what they do
-- not find any more, since the tick was deleted or corrected, or the calendar or the rule changed.

CREATE OR REPLACE FUNCTION aegis._validate_ticks(p_date date, p_priority_limit integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_started_at timestamptz := clock_timestamp();
    v_ticks bigint;
    v_findings bigint;
BEGIN
    SELECT count(*) INTO v_ticks FROM aegis.stock_ticks AS t WHERE t.trade_date = p_date AND t.is_active;

    WITH found AS MATERIALIZED (
        SELECT j.*
          FROM aegis._judge('stock_ticks', aegis._tick_context(format(
                   'SELECT s.stock_code, s.trade_date, s.venue, s.traded_at, s.sequence_number, s.batch_number
                      FROM aegis.stock_ticks AS s WHERE s.trade_date = DATE %L AND s.is_active', p_date), p_date, p_date),
                   p_priority_limit) AS j
    ),
    retired AS (
        UPDATE aegis.findings AS f
           SET status = 'superseded'
          FROM aegis.validation_rules AS r
         WHERE f.trade_date = p_date
           AND f.target = 'stock_ticks'
           AND f.status IN ('open', 'explained')
           AND r.rule_code = f.rule_code
           AND r.is_enabled
           AND r.priority <= p_priority_limit
           AND NOT EXISTS (
               SELECT
                 FROM found AS n
                WHERE (n.stock_code, n.slot, n.rule_code, n.rule_version, n.data_version)
                    = (f.stock_code, f.slot, f.rule_code, f.rule_version, f.data_version)
           )
    )
    INSERT INTO aegis.findings (
        rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version, batch_number,
        observed, explained_by, status, found_by
    )
    SELECT n.rule_code, n.rule_version, n.severity, 'stock_ticks', n.stock_code, n.trade_date, n.price_basis, n.slot,
           n.data_version, n.batch_number, n.observed, n.explained_by,
           CASE WHEN n.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'day'
      FROM found AS n
     ORDER BY n.trade_date, n.stock_code COLLATE "C", n.slot COLLATE "C", n.rule_code COLLATE "C"
    ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
    GET DIAGNOSTICS v_findings = ROW_COUNT;

    PERFORM aegis._record_run('day', 'stock_ticks', p_date, p_date, p_priority_limit, v_ticks, v_findings, v_started_at);
END;
$function$;

COMMENT ON FUNCTION aegis._validate_ticks(date, integer) IS -- noqa: LT01
'Judges the ticks of a day, writes findings and retires those that no longer hold.';

ALTER FUNCTION aegis._validate_ticks(date, integer) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._validate_ticks(date, integer) FROM PUBLIC;
