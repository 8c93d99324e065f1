-- _judge_ticks: the rules of ticks asked about a batch on its way in, in its transaction: registered in
-- aegis.ingest_checks. Flags, never refuses. Only ticks at a time when the regular session is closed are looked at, so an
-- ordinary batch costs one scan of itself; what ticks add up to is judged in their 20-minute bars.
--
-- Ticks of a code within the same 20 minutes of the clock are one finding, whichever number of them comes.

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
    v_grace CONSTANT interval := aegis.configuration('aegis.closing_grace')::interval;
    v_limit CONSTANT integer := least(aegis.configuration('aegis.ingest_priority_limit')::integer,
                                      upper(aegis.active_priorities(p_batch_number)) - 1);
    v_from date;
    v_to date;
    v_rows bigint;
    v_findings bigint;
BEGIN
    EXECUTE format('SELECT min(w.trade_date), max(w.trade_date), count(*) FROM %s AS w WHERE w.reason IS NULL', p_work)
       INTO v_from, v_to, v_rows;
    IF v_rows = 0 THEN
        RETURN;
    END IF;

    INSERT INTO aegis.findings (
        rule_code, rule_version, severity, target, stock_code, trade_date, price_basis, slot, data_version, batch_number,
        observed, explained_by, status, found_by
    )
    SELECT j.rule_code, j.rule_version, j.severity, p_target, j.stock_code, j.trade_date, j.price_basis, j.slot,
           j.data_version, j.batch_number, j.observed, j.explained_by,
           CASE WHEN j.explained_by IS NULL THEN 'open' ELSE 'explained' END, 'ingest'
      FROM aegis._judge(p_target, format($query$
               SELECT t.stock_code, t.trade_date, 'raw'::text AS price_basis, t.slot, 1 AS data_version,
                      %1$s::bigint AS batch_number, t.market, TRUE AS is_open, NULL::text AS session_kind,
                      min(t.traded_at) AS first_traded_at, max(t.traded_at) AS last_traded_at, count(*)::integer AS tick_count,
                      '{}'::text [] AS explanations
                 FROM (
                   SELECT w.stock_code, w.trade_date, w.traded_at, f.market,
                          to_char(date_bin(INTERVAL '20 minutes', w.traded_at, TIMESTAMPTZ '2000-01-01 00:00:00+09')
                                  AT TIME ZONE 'Asia/Seoul', 'HH24:MI') AS slot
                     FROM %2$s AS w
                     JOIN aegis.trading_calendar AS c
                       ON c.venue = 'XKRX' AND c.trade_date = w.trade_date AND c.is_open
                      AND (w.traded_at < c.opens_at OR w.traded_at > c.closes_at + %3$L::interval)
                    CROSS JOIN LATERAL aegis._market_facts(w.stock_code, w.trade_date, w.trade_date) AS f
                    WHERE w.reason IS NULL
                      AND NOT EXISTS (
                        SELECT
                          FROM aegis.session_hours AS h
                         WHERE h.trade_date = w.trade_date
                           AND h.market = CASE WHEN f.market IN ('KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW') THEN f.market ELSE 'KOSPI' END
                           AND h.session_kind NOT IN ('opening_auction', 'closing_auction')
                           AND w.traded_at BETWEEN h.starts_at AND h.ends_at + %3$L::interval
                      )
                 ) AS t
                GROUP BY t.stock_code, t.trade_date, t.market, t.slot
               $query$, p_batch_number, p_work, v_grace), v_limit) AS j
    ON CONFLICT (trade_date, stock_code, target, price_basis, slot, rule_code, rule_version, data_version) DO NOTHING;
    GET DIAGNOSTICS v_findings = ROW_COUNT;

    PERFORM aegis._record_run('ingest', p_target, v_from, v_to, v_limit, v_rows, v_findings, v_started_at, p_batch_number);
END;
$function$;

COMMENT ON FUNCTION aegis._judge_ticks(text, text, bigint, regclass) IS -- noqa: LT01
'Check of ingest: writes findings about the ticks of a batch that lie in no session of their day.';

ALTER FUNCTION aegis._judge_ticks(text, text, bigint, regclass) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis._judge_ticks(text, text, bigint, regclass) FROM PUBLIC;
