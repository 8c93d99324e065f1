-- The tables that take batches.

INSERT INTO aegis.ingest_targets (target, input_type, key_columns, payload_columns)
VALUES
('stocks', 'stock_input', '{stock_code}',
    '{stock_name,market,section,isin,listed_shares,listed_on,delisted_on}'),
('stock_prices', 'stock_price_input', '{stock_code,trade_date}', '{price,volume}'),
('daily_market_data', 'daily_market_data_input', '{stock_code,trade_date,price_basis}',
    '{close_price,volume,open_price,high_price,low_price,trade_value,market_cap,listed_shares,base_price}')
ON CONFLICT (target) DO NOTHING;
