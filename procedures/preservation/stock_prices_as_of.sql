-- stock_prices_as_of: prices of a range of days as they stood at a moment, soft-deleted ones among
-- them, with the columns of aegis.stock_prices.
--
-- Call     SELECT * FROM aegis.stock_prices_as_of('2026-01-02 15:00+09', '2026-01-01', '2026-01-31') AS p
--           WHERE p.is_active;
-- Role     aegis_reader
-- Locks    none
-- Raises   nothing: without a moment or a day there are no rows
-- Repeat   reads only
--
-- What the moment means is told in rows_as_of.sql. The history of the range is read once. The planner
-- sees through this function: with constants or parameters it reads no partition but those of the
-- range.

CREATE OR REPLACE FUNCTION aegis.stock_prices_as_of(
    p_at timestamptz,
    p_from date,
    p_to date
)
RETURNS SETOF aegis.stock_prices
LANGUAGE sql
STABLE
BEGIN ATOMIC
    WITH superseded AS MATERIALIZED (
        SELECT DISTINCT ON (o.stock_code, o.trade_date) o.*
          FROM aegis.stock_prices_history AS o
         WHERE o.trade_date >= p_from
           AND o.trade_date <= p_to
           AND o.superseded_at > p_at
         ORDER BY o.stock_code, o.trade_date, o.superseded_at, o.data_version
    )
    SELECT t.stock_code, t.trade_date, t.price, t.volume, t.source, t.source_rank, t.sequence_number,
           t.batch_number, t.data_version, t.created_at, t.last_updated, t.deleted_at, t.deleted_by,
           t.delete_reason, t.is_active, t.updated_count
      FROM aegis.stock_prices AS t
     WHERE t.trade_date >= p_from
       AND t.trade_date <= p_to
       AND t.created_at <= p_at
       AND NOT EXISTS (SELECT FROM superseded AS o WHERE o.stock_code = t.stock_code AND o.trade_date = t.trade_date)
    UNION ALL
    SELECT h.stock_code, h.trade_date, h.price, h.volume, h.source, h.source_rank, h.sequence_number,
           h.batch_number, h.data_version, h.created_at, h.last_updated, h.deleted_at, h.deleted_by,
           h.delete_reason, h.is_active, h.data_version - 1
      FROM superseded AS h
     WHERE h.created_at <= p_at;
END;

COMMENT ON FUNCTION aegis.stock_prices_as_of(timestamptz, date, date) IS -- noqa: LT01
'Prices of a range of days as they stood at a moment, soft-deleted ones among them.';

ALTER FUNCTION aegis.stock_prices_as_of(timestamptz, date, date) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.stock_prices_as_of(timestamptz, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.stock_prices_as_of(timestamptz, date, date) TO aegis_reader;
