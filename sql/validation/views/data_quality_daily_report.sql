-- One verdict per daily bar: its return, its volume and its opening gap against what came before.
-- The look-back stands beside the filter, not behind it, so any range of days is judged by the same past.

CREATE OR REPLACE VIEW aegis.data_quality_daily_report AS
WITH setting AS MATERIALIZED (
    SELECT
        max(c.configuration_value) FILTER (WHERE c.configuration_key = 'aegis.report_lookback_rows')::bigint
            AS lookback_rows,
        max(c.configuration_value) FILTER (WHERE c.configuration_key = 'aegis.report_observations_minimum')::integer
            AS observations_minimum,
        max(c.configuration_value) FILTER (WHERE c.configuration_key = 'aegis.report_price_change_limit')::numeric
            AS price_change_limit,
        max(c.configuration_value) FILTER (WHERE c.configuration_key = 'aegis.report_price_gap_limit')::numeric
            AS price_gap_limit,
        max(c.configuration_value) FILTER (WHERE c.configuration_key = 'aegis.report_volume_spike_factor')::numeric
            AS volume_spike_factor
      FROM aegis.system_configurations AS c
)
SELECT
    d.trade_date AS date,
    d.stock_code,
    d.price_basis,
    d.open_price,
    d.close_price,
    d.volume,
    coalesce(d.base_price, b.previous_close) AS base_price,
    CASE WHEN d.base_price IS NOT NULL THEN 'source' WHEN b.previous_close IS NOT NULL THEN 'previous_close' END
        AS base_price_origin,
    b.previous_close,
    b.average_volume,
    b.observations,
    d.close_price / coalesce(d.base_price, b.previous_close) - 1 AS price_change,
    CASE WHEN d.open_price > 0 THEN d.open_price / coalesce(d.base_price, b.previous_close) - 1 END AS price_gap,
    j.price_status,
    j.volume_status,
    j.gap_status,
    CASE
        WHEN j.price_status = 'PRICE_ANOMALY' OR j.volume_status = 'VOLUME_SPIKE' OR j.gap_status = 'PRICE_GAP'
            THEN 'REQUIRES_REVIEW'
        ELSE 'VALIDATED'
    END AS overall_status
  FROM aegis.daily_market_data AS d
 CROSS JOIN setting AS s
 CROSS JOIN LATERAL (
    SELECT
        avg(p.volume) AS average_volume,
        count(*)::integer AS observations,
        (array_agg(p.close_price ORDER BY p.trade_date DESC))[1] AS previous_close
      FROM (
        SELECT q.trade_date, q.close_price, q.volume
          FROM aegis.daily_market_data AS q
         WHERE q.stock_code = d.stock_code
           AND q.price_basis = d.price_basis
           AND q.trade_date < d.trade_date
           AND q.trade_date >= d.trade_date - 366
           AND q.is_active
         ORDER BY q.trade_date DESC
         LIMIT s.lookback_rows
      ) AS p
 ) AS b
 CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN coalesce(d.base_price, b.previous_close) IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(d.close_price / coalesce(d.base_price, b.previous_close) - 1) > s.price_change_limit
                THEN 'PRICE_ANOMALY'
            ELSE 'NORMAL'
        END AS price_status,
        CASE
            WHEN b.observations < s.observations_minimum THEN 'INSUFFICIENT_DATA'
            WHEN d.volume > b.average_volume * s.volume_spike_factor THEN 'VOLUME_SPIKE'
            ELSE 'NORMAL'
        END AS volume_status,
        CASE
            WHEN d.open_price = 0 THEN 'NO_TRADE'
            WHEN coalesce(d.base_price, b.previous_close) IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(d.open_price / coalesce(d.base_price, b.previous_close) - 1) > s.price_gap_limit THEN 'PRICE_GAP'
            ELSE 'NORMAL'
        END AS gap_status
 ) AS j
 WHERE d.is_active;

COMMENT ON VIEW aegis.data_quality_daily_report IS
'One verdict per active daily bar; filter it by date, stock_code and price_basis. Limits are the settings aegis.report_*.';
COMMENT ON COLUMN aegis.data_quality_daily_report.date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.data_quality_daily_report.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_basis IS 'raw (as traded) or adjusted; each is judged by its own past.';
COMMENT ON COLUMN aegis.data_quality_daily_report.open_price IS 'First price, KRW; 0 when nothing traded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.close_price IS 'Closing price, KRW.';
COMMENT ON COLUMN aegis.data_quality_daily_report.volume IS 'Shares traded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.base_price IS 'Price the day is compared with, KRW.';
COMMENT ON COLUMN aegis.data_quality_daily_report.base_price_origin IS
'source: base price (기준가) as delivered; previous_close: derived; null: there is none.';
COMMENT ON COLUMN aegis.data_quality_daily_report.previous_close IS
'Close of the preceding stored bar within 366 days, KRW; null when there is none.';
COMMENT ON COLUMN aegis.data_quality_daily_report.average_volume IS
'Mean volume of the preceding bars (setting aegis.report_lookback_rows), the day itself excluded.';
COMMENT ON COLUMN aegis.data_quality_daily_report.observations IS 'Number of preceding bars the mean rests on.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_change IS 'Close against base price, as a fraction.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_gap IS 'Open against base price, as a fraction; null without trade.';
COMMENT ON COLUMN aegis.data_quality_daily_report.price_status IS 'PRICE_ANOMALY, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.volume_status IS 'VOLUME_SPIKE, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.gap_status IS 'PRICE_GAP, NORMAL, NO_TRADE or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_daily_report.overall_status IS
'REQUIRES_REVIEW when one of the three found something, else VALIDATED.';

ALTER VIEW aegis.data_quality_daily_report OWNER TO aegis_owner;
GRANT SELECT ON aegis.data_quality_daily_report TO aegis_reader;
