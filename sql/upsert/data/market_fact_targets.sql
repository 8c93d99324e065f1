-- Facts about the market that come in batches: events of a code and corporate actions.

INSERT INTO aegis.ingest_targets (
    target, schema_name, table_name, input_type, key_columns, payload_columns, default_values
)
VALUES
('market_events', 'aegis', 'market_events', 'aegis.market_event_input', '{stock_code,event_kind,starts_on}',
    '{ends_on,market,is_first_day,offer_price,leverage,note}', '{"sequence_number": "0"}'),
('corporate_actions', 'aegis', 'corporate_actions', 'aegis.corporate_action_input', '{stock_code,effective_on,action_kind}',
    '{ratio,price_factor,announced_on,note}', '{"sequence_number": "0"}')
ON CONFLICT (target) DO NOTHING;

INSERT INTO aegis.ingest_rules (target, priority, reason, verdict, predicate, description, description_ko)
SELECT t.target, r.priority, r.reason, r.verdict, r.predicate, r.description, r.description_ko
  FROM (VALUES
    ('{market_events,corporate_actions}'::text [], 10, 'null_code', 'rejected',
     'w.stock_code IS NULL',
     'the stock code is missing', '종목코드가 없습니다'),
    ('{market_events,corporate_actions}', 20, 'malformed_code', 'rejected',
     'w.stock_code !~ ''^[0-9A-Z]{1,12}$''',
     'the stock code is not 1 to 12 digits and capital letters', '종목코드 형식이 잘못되었습니다'),
    ('{market_events}', 30, 'null_date', 'rejected',
     'w.starts_on IS NULL OR NOT isfinite(w.starts_on) OR NOT isfinite(w.ends_on)',
     'the first day is missing, or a day is infinite', '시작일이 없거나 날짜가 무한값입니다'),
    ('{corporate_actions}', 30, 'null_date', 'rejected',
     'w.effective_on IS NULL OR NOT isfinite(w.effective_on)',
     'the effective day is missing or infinite', '효력발생일이 없거나 무한값입니다'),
    ('{market_events}', 40, 'bad_period', 'rejected',
     'w.ends_on < w.starts_on',
     'the period ends before it begins', '종료일이 시작일보다 빠릅니다'),
    ('{market_events,corporate_actions}', 45, 'event_time_out_of_range', 'rejected',
     'NOT isfinite(w.event_at) OR w.event_at < TIMESTAMPTZ ''1990-01-01 00:00:00+09''',
     'the event time is infinite or before 1990', '이벤트 시각이 허용 범위를 벗어났습니다'),
    ('{market_events,corporate_actions}', 50, 'null_event_time', 'rejected',
     'w.event_at IS NULL',
     'the event time is missing', '이벤트 시각이 없습니다'),
    ('{market_events}', 60, 'bad_event_kind', 'rejected',
     'coalesce(w.event_kind NOT IN (''listing'', ''liquidation'', ''halt'', ''watch''), TRUE)'
     ' OR (w.event_kind = ''listing'') <> (w.market IS NOT NULL)'
     ' OR (w.event_kind = ''listing'') <> (w.is_first_day IS NOT NULL)'
     ' OR w.event_kind <> ''listing'' AND num_nonnulls(w.offer_price, w.leverage) > 0',
     'the kind is unknown, or its columns do not fit it', '이벤트 종류가 잘못되었거나 항목이 맞지 않습니다'),
    ('{corporate_actions}', 60, 'bad_action_kind', 'rejected',
     'coalesce(w.action_kind NOT IN (''bonus_issue'', ''rights_issue'', ''split'', ''reverse_split'', ''capital_reduction'','
     ' ''merger'', ''spin_off'', ''stock_dividend'', ''cash_dividend'', ''other''), TRUE)',
     'the kind of corporate action is unknown', '기업행위 종류가 잘못되었습니다'),
    ('{market_events}', 70, 'out_of_range', 'rejected',
     'NOT (coalesce(w.offer_price, 1) > 0 AND coalesce(w.offer_price, 1) < 1e13)'
     ' OR NOT coalesce(w.leverage, 1) BETWEEN 1 AND 10'
     ' OR w.offer_price <> round(w.offer_price, 2) OR w.leverage <> round(w.leverage, 2)',
     'offer price or leverage is out of range', '공모가 또는 배수가 허용 범위를 벗어났습니다'),
    ('{corporate_actions}', 70, 'out_of_range', 'rejected',
     'NOT (coalesce(w.ratio, 1) > 0 AND coalesce(w.ratio, 1) < 1e9)'
     ' OR NOT (coalesce(w.price_factor, 1) > 0 AND coalesce(w.price_factor, 1) < 1e9)'
     ' OR round(w.ratio, 12) = 0 OR round(w.price_factor, 12) = 0',
     'ratio or price factor is out of range', '비율 또는 가격 조정계수가 허용 범위를 벗어났습니다'),
    ('{market_events,corporate_actions}', 100, 'future_time', 'quarantined',
     'w.event_at > $1',
     'the event time lies in the future, beyond the clock skew of the source', '이벤트 시각이 미래입니다'),
    ('{market_events,corporate_actions}', 130, 'unknown_code', 'quarantined',
     'k.stock_code IS NULL AND NOT $3',
     'the code is not in aegis.stocks and the source may not introduce codes', '등록되지 않은 종목코드입니다')
  ) AS r (targets, priority, reason, verdict, predicate, description, description_ko)
 CROSS JOIN LATERAL unnest(r.targets) AS t (target)
ON CONFLICT (target, reason) DO NOTHING;
