-- The rules AEGIS is installed with. Conditions read b, a bar in its context; see aegis.bar_context.

INSERT INTO aegis.validation_rules (
    rule_code, target, priority, severity, threshold, threshold_minimum, threshold_maximum, threshold_unit,
    minimum_observations, price_bases, predicate, observed, excused_by, description, description_ko
)
VALUES
('price_change', 'daily_market_data', 30, 'warning', 0.50, 0.01, 10, 'fraction of base price', NULL, NULL,
    'abs(b.price_change) > {threshold}',
    'jsonb_build_object(''close_price'', b.close_price, ''base_price'', b.base_price, ''price_change'', b.price_change)',
    '{first_listing_day,liquidation,missing_session}',
    'the return against the base price exceeds the limit', '기준가 대비 등락률이 한도를 초과했습니다'),
('price_gap', 'daily_market_data', 40, 'warning', 0.20, 0.01, 10, 'fraction of base price', NULL, NULL,
    'abs(b.price_gap) > {threshold}',
    'jsonb_build_object(''open_price'', b.open_price, ''base_price'', b.base_price, ''price_gap'', b.price_gap)',
    '{first_listing_day,liquidation,missing_session}',
    'the opening gap against the base price exceeds the limit', '기준가 대비 시가 갭이 한도를 초과했습니다'),
('volume_spike', 'daily_market_data', 60, 'info', 5, 1, 1000, 'times the mean', 5, NULL,
    'b.volume > {threshold} * b.mean_volume',
    'jsonb_build_object(''volume'', b.volume, ''mean_volume'', b.mean_volume)',
    '{first_listing_day,liquidation}',
    'the volume exceeds a multiple of the mean of the preceding sessions', '거래량이 직전 평균의 배수를 초과했습니다')
ON CONFLICT (rule_code) DO NOTHING;
