-- One verdict per daily bar, with the columns of the rules document and what stands behind them. The look-back of
-- aegis.bar_context stands beside the filter, so any range of days is judged by the same past. A rule that is
-- switched off finds nothing here either.

CREATE OR REPLACE VIEW aegis.data_quality_daily_report AS
WITH rule AS MATERIALIZED (
    SELECT
        max(r.threshold) FILTER (WHERE r.rule_code = 'price_change')::double precision AS price_change,
        max(r.threshold) FILTER (WHERE r.rule_code = 'price_gap')::double precision AS price_gap,
        max(r.threshold) FILTER (WHERE r.rule_code = 'volume_spike')::double precision AS volume_spike,
        max(r.minimum_observations) FILTER (WHERE r.rule_code = 'volume_spike') AS volume_observations,
        max(r.threshold) FILTER (WHERE r.rule_code = 'return_zscore')::double precision AS return_zscore,
        max(r.minimum_observations) FILTER (WHERE r.rule_code = 'return_zscore') AS return_observations,
        max(r.threshold) FILTER (WHERE r.rule_code = 'return_iqr')::double precision AS return_iqr,
        max(r.minimum_observations) FILTER (WHERE r.rule_code = 'return_iqr') AS iqr_observations,
        coalesce(bool_or(r.rule_code = 'price_limit'), FALSE) AS has_price_limit,
        aegis.rule_set_version() AS rule_set_version
      FROM aegis.validation_rules AS r
     WHERE r.is_enabled
)

SELECT
    b.trade_date AS date,
    b.stock_code,
    b.price_basis,
    b.open_price,
    b.close_price,
    b.volume,
    b.base_price,
    b.base_price_origin,
    b.previous_close,
    b.mean_volume AS average_volume,
    b.observations,
    b.price_change,
    b.price_gap,
    j.price_status,
    j.volume_status,
    j.gap_status,
    j.limit_status,
    j.zscore_status,
    j.iqr_status,
    b.return_z,
    b.volume_z,
    b.return_quartiles,
    b.upper_limit,
    b.lower_limit,
    b.no_limit_reason,
    e.explained_by,
    CASE
        WHEN j.volume_status = 'VOLUME_SPIKE' THEN 'REQUIRES_REVIEW'
        WHEN j.price_status = 'PRICE_ANOMALY' OR j.gap_status = 'PRICE_GAP' OR j.limit_status = 'LIMIT_EXCEEDED'
            THEN CASE WHEN e.explained_by IS NULL THEN 'REQUIRES_REVIEW' ELSE 'EXPLAINED' END
        ELSE 'VALIDATED'
    END AS overall_status,
    r.rule_set_version,
    b.data_version
  FROM aegis.bar_context AS b
 CROSS JOIN rule AS r
 CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN b.price_change IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(b.price_change) > r.price_change THEN 'PRICE_ANOMALY'
            ELSE 'NORMAL'
        END AS price_status,
        CASE
            WHEN b.observations < r.volume_observations THEN 'INSUFFICIENT_DATA'
            WHEN b.volume > b.mean_volume * r.volume_spike THEN 'VOLUME_SPIKE'
            ELSE 'NORMAL'
        END AS volume_status,
        CASE
            WHEN b.open_price = 0 THEN 'NO_TRADE'
            WHEN b.price_gap IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(b.price_gap) > r.price_gap THEN 'PRICE_GAP'
            ELSE 'NORMAL'
        END AS gap_status,
        CASE
            WHEN b.no_limit_reason IS NOT NULL OR NOT r.has_price_limit THEN 'NO_LIMIT'
            WHEN b.high_price > b.upper_limit OR b.close_price > b.upper_limit OR b.close_price < b.lower_limit
                OR (b.low_price < b.lower_limit AND b.low_price > 0) THEN 'LIMIT_EXCEEDED'
            ELSE 'NORMAL'
        END AS limit_status,
        CASE
            WHEN b.return_observations < r.return_observations OR b.return_z IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(b.return_z) > r.return_zscore THEN 'OUTLIER'
            ELSE 'NORMAL'
        END AS zscore_status,
        CASE
            WHEN b.return_observations < r.iqr_observations OR b.price_change IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN b.price_change > b.return_quartiles[2] + r.return_iqr * (b.return_quartiles[2] - b.return_quartiles[1])
                OR b.price_change < b.return_quartiles[1] - r.return_iqr * (b.return_quartiles[2] - b.return_quartiles[1])
                THEN 'OUTLIER'
            ELSE 'NORMAL'
        END AS iqr_status
 ) AS j
 CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN j.price_status = 'PRICE_ANOMALY' OR j.gap_status = 'PRICE_GAP' OR j.limit_status = 'LIMIT_EXCEEDED'
                THEN (array_remove(array_remove(b.explanations, 'resumption'), 'halt'))[1]
        END AS explained_by
 ) AS e;

COMMENT ON VIEW aegis.data_quality_daily_report IS
'One verdict per active daily bar; filter it by date, stock_code and price_basis. Limits are the thresholds of aegis.validation_rules.';
COMMENT ON COLUMN aegis.data_quality_daily_report.date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.data_quality_daily_report.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_basis IS 'raw (as traded) or adjusted; each is judged by its own past.';
COMMENT ON COLUMN aegis.data_quality_daily_report.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.close_price IS 'Closing price, KRW.';
COMMENT ON COLUMN aegis.data_quality_daily_report.volume IS 'Shares traded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.base_price IS 'Price the day is compared with, KRW.';
COMMENT ON COLUMN aegis.data_quality_daily_report.base_price_origin IS
'source: base price (기준가) as delivered; offer_price, opening_price: first listing day; derived: close before times the factor of '
'a corporate action; previous_close; null: there is none.';
COMMENT ON COLUMN aegis.data_quality_daily_report.previous_close IS
'Close of the preceding stored bar within the look-back, KRW; null when there is none.';
COMMENT ON COLUMN aegis.data_quality_daily_report.average_volume IS
'Mean volume of the preceding bars (setting aegis.report_lookback_rows), the day itself excluded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.observations IS 'Number of preceding bars the mean rests on.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_change IS 'Close against base price, as a fraction.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_gap IS 'Open against base price, as a fraction; null without trade.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_status IS 'PRICE_ANOMALY, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.volume_status IS 'VOLUME_SPIKE, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.gap_status IS 'PRICE_GAP, NORMAL, NO_TRADE or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.limit_status IS
'LIMIT_EXCEEDED (상·하한가 이탈), NORMAL, or NO_LIMIT where none applies.';
COMMENT ON COLUMN aegis.data_quality_daily_report.zscore_status IS
'OUTLIER when the return lies far from its mean, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.iqr_status IS
'OUTLIER when the return lies outside the fences of its quartiles, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.return_z IS 'Return in standard deviations from its mean; null where they are 0.';
COMMENT ON COLUMN aegis.data_quality_daily_report.volume_z IS 'Volume in standard deviations from its mean; null where they are 0.';
COMMENT ON COLUMN aegis.data_quality_daily_report.return_quartiles IS 'First and third quartile of the preceding returns.';
COMMENT ON COLUMN aegis.data_quality_daily_report.upper_limit IS 'Upper price limit (상한가), KRW; null where none applies.';
COMMENT ON COLUMN aegis.data_quality_daily_report.lower_limit IS 'Lower price limit (하한가), KRW; null where none applies.';
COMMENT ON COLUMN aegis.data_quality_daily_report.no_limit_reason IS 'Why no price limit applies; null: one does.';
COMMENT ON COLUMN aegis.data_quality_daily_report.explained_by IS
'What explains an unusual price: liquidation, first_listing_day, kind of a corporate action, share_count_change or missing_session.';
COMMENT ON COLUMN aegis.data_quality_daily_report.overall_status IS
'REQUIRES_REVIEW when price, volume, gap or limit found something, EXPLAINED when it is explained, else VALIDATED.';
COMMENT ON COLUMN aegis.data_quality_daily_report.rule_set_version IS 'Version of the rules, see aegis.rule_set_version.';
COMMENT ON COLUMN aegis.data_quality_daily_report.data_version IS 'Version of the bar that was judged.';

ALTER VIEW aegis.data_quality_daily_report OWNER TO aegis_owner;
GRANT SELECT ON aegis.data_quality_daily_report TO aegis_reader;
