-- comprehensive_validation: the verdict over one bar in the structure of the rules document, with every rule behind it.
--
-- Call     SELECT aegis.comprehensive_validation('005930', '2024-01-10');
-- Role     aegis_reader
-- Locks    nothing
-- Raises   AEV08  there is no such bar
-- Repeat   as often as wanted; the typed form is aegis.validate_code
--
-- p_date null: the latest bar. overall_status is PASS, EXPLAINED (something was found, all of it explained) or WARNING.

CREATE OR REPLACE FUNCTION aegis.comprehensive_validation(
    p_code text,
    p_date date DEFAULT NULL,
    p_price_basis text DEFAULT 'raw'
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $function$
DECLARE
    v_date date := coalesce(p_date, (
        SELECT d.trade_date FROM aegis.daily_market_data AS d
         WHERE d.stock_code = p_code AND d.price_basis = p_price_basis AND d.is_active
         ORDER BY d.trade_date DESC LIMIT 1));
    v_bar aegis.bar_context;
    v_price record;
    v_volume record;
    v_gap record;
    v_found jsonb;
    v_alerts jsonb;
    v_is_open boolean;
BEGIN
    EXECUTE format('SELECT b.* FROM aegis.bar_context AS b
                     WHERE b.stock_code = %L AND b.price_basis = %L AND b.trade_date = %L::date',
                   p_code, p_price_basis, v_date)
       INTO v_bar;
    IF v_bar.stock_code IS NULL THEN
        RAISE EXCEPTION 'there is no % bar of % on %', p_price_basis, coalesce(quote_literal(p_code), 'null'),
                        coalesce(v_date::text, 'any day')
            USING ERRCODE = 'AEV08', SCHEMA = 'aegis', TABLE = 'daily_market_data',
                  HINT = 'Check code, date and price basis.';
    END IF;

    SELECT c.* INTO v_price FROM aegis.validate_price_change(v_bar.close_price, v_bar.base_price) AS c;
    SELECT g.* INTO v_gap FROM aegis.validate_price_gap(v_bar.open_price, v_bar.base_price) AS g;
    SELECT a.*
      INTO v_volume
      FROM aegis.detect_volume_anomaly(v_bar.volume, ARRAY(
               SELECT d.volume
                 FROM aegis.daily_market_data AS d
                WHERE d.stock_code = p_code
                  AND d.price_basis = p_price_basis
                  AND d.trade_date < v_date
                  AND d.is_active
                ORDER BY d.trade_date DESC
                LIMIT v_bar.observations)) AS a;

    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'rule', f.rule_code, 'rule_version', f.rule_version, 'severity', f.severity, 'observed', f.observed,
               'explained_by', f.explained_by, 'message', r.description, 'message_ko', r.description_ko
           ) ORDER BY r.priority, f.rule_code), '[]'),
           coalesce(jsonb_agg(r.description_ko ORDER BY r.priority, f.rule_code)
               FILTER (WHERE f.explained_by IS NULL AND f.severity <> 'info'), '[]'),
           coalesce(bool_or(f.explained_by IS NULL AND f.severity <> 'info'), FALSE)
      INTO v_found, v_alerts, v_is_open
      FROM aegis.validate_code(p_code, v_date, v_date, p_price_basis) AS f
      JOIN aegis.validation_rules AS r ON r.rule_code = f.rule_code;

    RETURN jsonb_build_object(
        'timestamp', clock_timestamp(),
        'stock_code', p_code,
        'trade_date', v_date,
        'price_basis', p_price_basis,
        'data_version', v_bar.data_version,
        'rule_set_version', aegis.rule_set_version(),
        'base_price', v_bar.base_price,
        'base_price_origin', v_bar.base_price_origin,
        'upper_limit', v_bar.upper_limit,
        'lower_limit', v_bar.lower_limit,
        'no_limit_reason', v_bar.no_limit_reason,
        'explanations', to_jsonb(v_bar.explanations),
        'validations', jsonb_build_object(
            'price_change', jsonb_build_object('is_anomaly', v_price.is_anomaly, 'message', v_price.message_ko,
                                               'change', round(v_price.price_change, 6)),
            'volume', jsonb_build_object('is_anomaly', v_volume.is_anomaly, 'metrics', jsonb_build_object(
                'z_score', v_volume.z_score, 'current_vs_avg', v_volume.current_vs_avg,
                'is_iqr_outlier', v_volume.is_iqr_outlier, 'reason', v_volume.reason)),
            'price_gap', jsonb_build_object('is_anomaly', v_gap.is_anomaly, 'gap_percentage', round(v_gap.gap_percentage, 6)),
            'rules', v_found),
        'alerts', v_alerts,
        'overall_status', CASE WHEN v_is_open THEN 'WARNING' WHEN v_found = '[]' THEN 'PASS'
                               WHEN NOT jsonb_path_exists(v_found, '$[*] ? (@.severity != "info")') THEN 'PASS'
                               ELSE 'EXPLAINED' END);
END;
$function$;

COMMENT ON FUNCTION aegis.comprehensive_validation(text, date, text) IS -- noqa: LT01
'Verdict over one bar in the structure of the rules document, with rule and data versions; raises AEV08.';

ALTER FUNCTION aegis.comprehensive_validation(text, date, text) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.comprehensive_validation(text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.comprehensive_validation(text, date, text) TO aegis_reader;
