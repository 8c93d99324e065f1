-- Option trades that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_option_trades AS
SELECT
    t.stock_code,
    t.trade_date,
    t.trade_id,
    t.option_code,
    t.option_type,
    t.strike_price,
    t.expires_on,
    t.account_id,
    t.side,
    t.quantity,
    t.price,
    t.multiplier,
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
FROM aegis.option_trades AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_option_trades IS
'Executions of option orders that are not soft-deleted; columns as in aegis.option_trades.';
COMMENT ON COLUMN aegis.active_option_trades.stock_code IS
'KRX short code of the underlying, text.';
COMMENT ON COLUMN aegis.active_option_trades.trade_date IS 'Trading date of the venue (KST).';
COMMENT ON COLUMN aegis.active_option_trades.trade_id IS 'Execution number of the broker.';
COMMENT ON COLUMN aegis.active_option_trades.option_code IS 'Code of the series.';
COMMENT ON COLUMN aegis.active_option_trades.option_type IS 'call or put.';
COMMENT ON COLUMN aegis.active_option_trades.strike_price IS
'Strike price, KRW; index points for index options.';
COMMENT ON COLUMN aegis.active_option_trades.expires_on IS 'Last trading date of the series (KST).';
COMMENT ON COLUMN aegis.active_option_trades.account_id IS 'Account at the broker.';
COMMENT ON COLUMN aegis.active_option_trades.side IS 'buy or sell.';
COMMENT ON COLUMN aegis.active_option_trades.quantity IS 'Contracts.';
COMMENT ON COLUMN aegis.active_option_trades.price IS
'Premium per unit, KRW; index points for index options.';
COMMENT ON COLUMN aegis.active_option_trades.multiplier IS
'Units or KRW per point of one contract.';
COMMENT ON COLUMN aegis.active_option_trades.fee IS 'Fees, KRW.';
COMMENT ON COLUMN aegis.active_option_trades.tax IS 'Taxes, KRW.';
COMMENT ON COLUMN aegis.active_option_trades.executed_at IS
'When the order was executed at the venue.';
COMMENT ON COLUMN aegis.active_option_trades.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_option_trades.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_option_trades.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_option_trades.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_option_trades.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_option_trades.created_at IS 'When the row came into the database.';
COMMENT ON COLUMN aegis.active_option_trades.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_option_trades OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_option_trades TO aegis_reader;
