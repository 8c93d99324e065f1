-- One verdict per 20-minute bar, in the words of aegis.data_quality_daily_report. A bar is compared with the bar before,
-- the first one with the base price of the day; its volume with that of its slot. A rule that is switched off finds
-- nothing here either.

CREATE OR REPLACE VIEW aegis.data_quality_intraday_report AS
WITH rule AS MATERIALIZED (
    SELECT
        max(r.threshold) FILTER (WHERE r.rule_code = 'bar_change')::double precision AS bar_change,
        max(r.threshold) FILTER (WHERE r.rule_code = 'price_gap')::double precision AS price_gap,
        max(r.threshold) FILTER (WHERE r.rule_code = 'slot_volume_zscore')::double precision AS volume_zscore,
        max(r.minimum_observations) FILTER (WHERE r.rule_code = 'slot_volume_zscore') AS volume_observations,
        coalesce(bool_or(r.rule_code = 'price_limit'), FALSE) AS has_price_limit,
        coalesce(bool_or(r.rule_code = 'outside_session'), FALSE) AS has_outside_session,
        coalesce(bool_or(r.rule_code = 'repeated_bar'), FALSE) AS has_repeated_bar,
        aegis.rule_set_version() AS rule_set_version
      FROM aegis.validation_rules AS r
     WHERE r.is_enabled
)

SELECT
    b.trade_date AS date,
    b.stock_code,
    b.price_basis,
    b.slot,
    b.session_kind,
    b.open_price,
    b.close_price,
    b.volume,
    b.tick_count,
    b.base_price,
    b.base_price_origin,
    coalesce(b.previous_bar_close, b.base_price) AS previous_close,
    b.mean_slot_volume AS average_volume,
    b.slot_observations AS observations,
    b.bar_change AS price_change,
    g.price_gap,
    j.price_status,
    j.volume_status,
    j.gap_status,
    j.limit_status,
    j.session_status,
    j.stale_status,
    b.slot_volume_z AS volume_z,
    b.upper_limit,
    b.lower_limit,
    b.no_limit_reason,
    e.explained_by,
    CASE
        WHEN j.volume_status = 'VOLUME_SPIKE' OR j.session_status = 'OUTSIDE_SESSION' OR j.stale_status = 'STALE'
            THEN 'REQUIRES_REVIEW'
        WHEN j.price_status = 'PRICE_ANOMALY' OR j.gap_status = 'PRICE_GAP' OR j.limit_status = 'LIMIT_EXCEEDED'
            THEN CASE WHEN e.explained_by IS NULL THEN 'REQUIRES_REVIEW' ELSE 'EXPLAINED' END
        ELSE 'VALIDATED'
    END AS overall_status,
    r.rule_set_version,
    b.data_version
  FROM aegis.twenty_minute_bar_context AS b
 CROSS JOIN rule AS r
 CROSS JOIN LATERAL (
    SELECT CASE WHEN b.slot_number IS NOT NULL AND b.previous_slot IS NULL THEN b.price_gap END AS price_gap
 ) AS g
 CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN b.bar_change IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN abs(b.bar_change) > r.bar_change THEN 'PRICE_ANOMALY'
            ELSE 'NORMAL'
        END AS price_status,
        CASE
            WHEN b.slot_observations < r.volume_observations OR b.slot_volume_z IS NULL THEN 'INSUFFICIENT_DATA'
            WHEN b.slot_volume_z > r.volume_zscore THEN 'VOLUME_SPIKE'
            ELSE 'NORMAL'
        END AS volume_status,
        CASE
            WHEN g.price_gap IS NOT NULL AND abs(g.price_gap) > r.price_gap THEN 'PRICE_GAP'
            WHEN b.base_price IS NULL THEN 'INSUFFICIENT_DATA'
            ELSE 'NORMAL'
        END AS gap_status,
        CASE
            WHEN b.no_limit_reason IS NOT NULL OR NOT r.has_price_limit THEN 'NO_LIMIT'
            WHEN b.high_price > b.upper_limit OR b.low_price < b.lower_limit THEN 'LIMIT_EXCEEDED'
            ELSE 'NORMAL'
        END AS limit_status,
        CASE
            WHEN b.session_kind IS NULL AND b.is_open IS NOT TRUE THEN 'NO_SESSION'
            WHEN b.session_kind IS NULL AND r.has_outside_session THEN 'OUTSIDE_SESSION'
            WHEN b.session_kind = 'regular' THEN 'NORMAL'
            ELSE 'EXTENDED_HOURS'
        END AS session_status,
        CASE WHEN b.is_repeated AND r.has_repeated_bar THEN 'STALE' ELSE 'NORMAL' END AS stale_status
 ) AS j
 CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN j.price_status = 'PRICE_ANOMALY' OR j.gap_status = 'PRICE_GAP' OR j.limit_status = 'LIMIT_EXCEEDED'
                THEN (array_remove(array_remove(b.explanations, 'resumption'), 'halt'))[1]
        END AS explained_by
 ) AS e;

COMMENT ON VIEW aegis.data_quality_intraday_report IS
'One verdict per 20-minute bar; filter it by date and stock_code. Limits are the thresholds of aegis.validation_rules.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.date IS 'Trading date (KST).';
COMMENT ON COLUMN aegis.data_quality_intraday_report.stock_code IS 'KRX short code.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.price_basis IS 'raw: ticks are as traded.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.slot IS 'Start of the bar (KST, HH:MM).';
COMMENT ON COLUMN aegis.data_quality_intraday_report.session_kind IS
'Session it lies in, a kind of aegis.session_hours; null: in none, or not as a whole.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.open_price IS 'First price of the bar, KRW.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.close_price IS 'Last price of the bar, KRW.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.volume IS 'Shares traded in it.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.tick_count IS 'Trades in it.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.base_price IS 'Base price of the day, KRW.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.base_price_origin IS
'Where it comes from, as in aegis.data_quality_daily_report; null: there is none.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.previous_close IS
'Close of the regular bar before, KRW; of the first bar the base price; null: neither is known.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.average_volume IS
'Mean volume of this slot in the preceding four weeks; null without any.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.observations IS 'Sessions the mean rests on.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.price_change IS 'Close against previous_close, as a fraction.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.price_gap IS
'Open of the first bar against the base price, as a fraction; null for other bars.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.price_status IS 'PRICE_ANOMALY, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.volume_status IS 'VOLUME_SPIKE, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.gap_status IS 'PRICE_GAP, NORMAL or INSUFFICIENT_DATA.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.limit_status IS
'LIMIT_EXCEEDED (상·하한가 이탈), NORMAL, or NO_LIMIT where none applies.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.session_status IS
'NORMAL (regular session), EXTENDED_HOURS (장전·시간외), OUTSIDE_SESSION, or NO_SESSION on a day that is not known to be open.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.stale_status IS 'STALE when the bar repeats the one before, else NORMAL.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.volume_z IS
'Volume in standard deviations from the mean of its slot; null where they are 0.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.upper_limit IS 'Upper price limit of the day (상한가), KRW; null where none applies.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.lower_limit IS 'Lower price limit of the day (하한가), KRW; null where none applies.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.no_limit_reason IS 'Why no price limit applies; null: one does.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.explained_by IS
'What explains an unusual price: liquidation, first_listing_day or kind of a corporate action.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.overall_status IS
'REQUIRES_REVIEW when something was found, EXPLAINED when all of it is explained, else VALIDATED.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.rule_set_version IS 'Version of the rules, see aegis.rule_set_version.';
COMMENT ON COLUMN aegis.data_quality_intraday_report.data_version IS 'Version of the bar that was judged.';

ALTER VIEW aegis.data_quality_intraday_report OWNER TO aegis_owner;
GRANT SELECT ON aegis.data_quality_intraday_report TO aegis_reader;
