-- Stock trades that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_stock_transactions AS
SELECT
    t.stock_code,
    t.trade_date,
    t.transaction_id,
    t.account_id,
    t.side,
    t.quantity,
    t.price,
    t.fee,
    t.tax,
    t.executed_at,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated
FROM aegis.stock_transactions AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_stock_transactions IS
'Executions of stock orders that are not soft-deleted; columns as in aegis.stock_transactions.';
COMMENT ON COLUMN aegis.active_stock_transactions.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_stock_transactions.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.active_stock_transactions.transaction_id IS
'Execution number of the broker.';
COMMENT ON COLUMN aegis.active_stock_transactions.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.active_stock_transactions.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.active_stock_transactions.quantity IS 'Shares.';
COMMENT ON COLUMN aegis.active_stock_transactions.price IS 'Price per share, KRW.';
COMMENT ON COLUMN aegis.active_stock_transactions.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.active_stock_transactions.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.active_stock_transactions.executed_at IS
'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.active_stock_transactions.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_stock_transactions.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_stock_transactions.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_stock_transactions.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_stock_transactions.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_stock_transactions.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.active_stock_transactions.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_stock_transactions OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_stock_transactions TO aegis_reader;
