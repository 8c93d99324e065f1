-- The tables that take batches.

INSERT INTO aegis.ingest_targets (
    target, schema_name, table_name, input_type, key_columns, payload_columns, default_values, is_append_only
)
SELECT t.target, 'aegis', t.target, t.input_type, t.key_columns, t.payload_columns, t.default_values, t.is_append_only
  FROM (VALUES
    ('stocks', 'aegis.stock_input', '{stock_code}'::text [],
     '{stock_name,market,section,isin,listed_shares,listed_on,delisted_on}'::text [],
     '{"sequence_number": "0"}'::jsonb, FALSE),
    ('stock_prices', 'aegis.stock_price_input', '{stock_code,trade_date}', '{price,volume}',
     '{"trade_date": "(w.event_at AT TIME ZONE ''Asia/Seoul'')::date",
       "event_at": "coalesce(c.closes_at, (w.trade_date + TIME ''15:30'') AT TIME ZONE ''Asia/Seoul'')",
       "sequence_number": "0"}', FALSE),
    ('daily_market_data', 'aegis.daily_market_data_input', '{stock_code,trade_date,price_basis}',
     '{close_price,volume,open_price,high_price,low_price,trade_value,market_cap,listed_shares,base_price}',
     '{"trade_date": "(w.event_at AT TIME ZONE ''Asia/Seoul'')::date",
       "price_basis": "''raw''",
       "event_at": "coalesce(c.closes_at, (w.trade_date + TIME ''15:30'') AT TIME ZONE ''Asia/Seoul'')",
       "sequence_number": "0"}', FALSE),
    ('stock_ticks', 'aegis.stock_tick_input', '{stock_code,trade_date,venue,traded_at,sequence_number}', '{price,volume,side}',
     '{"trade_date": "(w.traded_at AT TIME ZONE ''Asia/Seoul'')::date", "venue": "''XKRX''", "sequence_number": "0"}', TRUE),
    ('stock_transactions', 'aegis.stock_transaction_input', '{stock_code,trade_date,transaction_id}',
     '{account_id,side,quantity,price,fee,tax,executed_at}',
     '{"trade_date": "(w.executed_at AT TIME ZONE ''Asia/Seoul'')::date", "event_at": "w.executed_at",
       "fee": "0", "tax": "0", "sequence_number": "0"}', FALSE),
    ('option_trades', 'aegis.option_trade_input', '{stock_code,trade_date,trade_id}',
     '{option_code,option_type,strike_price,expires_on,account_id,side,quantity,price,multiplier,fee,tax,executed_at}',
     '{"trade_date": "(w.executed_at AT TIME ZONE ''Asia/Seoul'')::date", "event_at": "w.executed_at",
       "multiplier": "1", "fee": "0", "tax": "0", "sequence_number": "0"}', FALSE),
    ('user_activity_logs', 'aegis.user_activity_input', '{occurred_at,activity_id}', '{user_id,activity,detail,client_address}',
     '{"detail": "''{}''::jsonb"}', TRUE),
    ('api_request_logs', 'aegis.api_request_input', '{occurred_at,request_id}',
     '{user_id,method,path,status,duration,detail,client_address}', '{"detail": "''{}''::jsonb"}', TRUE)
  ) AS t (target, input_type, key_columns, payload_columns, default_values, is_append_only)
ON CONFLICT (target) DO NOTHING;
