-- Validation: a quick look by what the baseline has ready clears bars of which no rule would speak, and none if what it rests on changed.
BEGIN;
SELECT plan(16);

SELECT aegis.upsert_stocks(array_agg(ROW(c, c, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (VALUES ('900001'), ('900002')) AS s (c);
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW(s.code, c.trade_date, 'raw', 10000, 10200, 9800, 10000 + 100 * (c.place % 3), 1000 + 100 * (c.place % 5), NULL, NULL, 1000000, 10000, NULL, NULL
                 )::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM (SELECT t.trade_date, row_number() OVER (ORDER BY t.trade_date DESC) AS place FROM aegis.trading_calendar AS t
         WHERE t.venue = 'XKRX' AND t.is_open AND t.trade_date BETWEEN '2025-01-20' AND '2025-03-04') AS c
 CROSS JOIN (VALUES ('900001'), ('900002')) AS s (code);
CALL aegis.refresh_baselines('2025-03-05');

CREATE FUNCTION pg_temp.cleared(p_open numeric, p_high numeric, p_low numeric, p_close numeric, p_volume bigint, p_base numeric DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE v_cleared boolean;
BEGIN
    EXECUTE format('SELECT q.is_quiet FROM (%s) AS q', aegis._quick_look('daily_market_data', format(
        '(SELECT DATE ''2025-03-05'' AS trade_date, ''900001'' AS stock_code, ''raw'' AS price_basis, %s AS open_price, %s AS high_price, %s AS low_price,
                 %s AS close_price, %s AS volume, NULL::numeric AS trade_value, NULL::numeric AS market_cap, 1000000::bigint AS listed_shares,
                 %s AS base_price)', quote_literal(p_open) || '::numeric', p_high, p_low, p_close, p_volume, coalesce(p_base::text, 'NULL::numeric')), '= ''2025-03-05''')) INTO v_cleared;
    RETURN coalesce(v_cleared, FALSE);
END $$;
CREATE FUNCTION pg_temp.ordinary() RETURNS boolean LANGUAGE sql AS $$ SELECT pg_temp.cleared(10100, 10200, 10010, 10110, 1210) $$;
CREATE FUNCTION pg_temp.refreshed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL aegis.refresh_baselines('2025-03-05'); END $$;

SELECT ok(pg_temp.ordinary(), 'an ordinary bar is cleared');
SELECT ok(pg_temp.cleared(10100, 10200, 10010, 10110, 1210, 10100), 'also where its source says that the base price is the close before');
SELECT ok(NOT pg_temp.cleared(10100, 10200, 10010, 10110, 1210, 10000), 'not where it has another base price');
SELECT ok(NOT pg_temp.cleared(10100, 10200, 10010, 10115, 1210), 'nor where a price is no multiple of the tick');
SELECT ok(NOT pg_temp.cleared(10100, 10200, 10010, 11900, 1210), 'nor where the close moved far');
SELECT ok(NOT pg_temp.cleared(10100, 10200, 10010, 10110, 9000), 'nor with much volume');
SELECT ok(NOT pg_temp.cleared(10100, 14000, 10010, 10110, 1210), 'nor beyond the limit of the day');
SELECT ok(NOT pg_temp.cleared('NaN', 10200, 10010, 10110, 1210), 'nor with a price that is no number');

CALL aegis.change_validation_rule('return_zscore', '{"threshold": 2.5}', 'stricter');
SELECT ok(NOT pg_temp.ordinary(), 'no bar is cleared by ranges from before a rule changed');
SELECT pg_temp.refreshed();
SELECT ok(pg_temp.ordinary(), 'but by those made since');

UPDATE aegis.tick_sizes SET source = 'another' WHERE market = 'KOSPI';
SELECT ok(NOT pg_temp.ordinary(), 'a change of market rules counts as well');
SELECT pg_temp.refreshed();

UPDATE aegis.validation_baselines AS n SET is_stale = TRUE WHERE n.stock_code = '900001';
SELECT ok(NOT pg_temp.ordinary(), 'a stale baseline clears nothing');
SELECT pg_temp.refreshed();

SELECT aegis.upsert_market_events(ARRAY[ROW('900001', 'halt', '2025-03-05', '2025-03-05', NULL, NULL, NULL, NULL, NULL, clock_timestamp(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());
SELECT pg_temp.refreshed();
SELECT ok(NOT pg_temp.ordinary(), 'nor does one of a halted code');
SELECT aegis.soft_delete('aegis.market_events', '{"stock_code": "900001", "event_kind": "halt", "starts_on": "2025-03-05"}', 'none');
SELECT pg_temp.refreshed();
SELECT ok(pg_temp.ordinary(), 'it trades again');

INSERT INTO aegis.validation_rules (rule_code, targets, priority, severity, predicate, description, description_ko)
VALUES ('of_ours', '{daily_market_data}', 50, 'info', 'b.volume = 1210', 'a rule that says nothing of when it is silent', '-');
SELECT pg_temp.refreshed();
SELECT ok(NOT pg_temp.ordinary(), 'a rule that does not say when it is silent is always asked');

SELECT aegis.upsert_daily_market_data(
    array_agg(ROW('900002', c.trade_date, 'raw', 9e12, 9e12, 9e12, 9e12, 9e18, NULL, NULL, 9e18, 0.01, NULL, NULL)::aegis.daily_market_data_input),
    'krx', gen_random_uuid())
  FROM aegis.trading_calendar AS c WHERE c.venue = 'XKRX' AND c.is_open AND c.trade_date BETWEEN '2025-02-03' AND '2025-03-04';
SELECT lives_ok('SELECT pg_temp.refreshed()', 'a past out of all proportion has ranges, too');

SELECT * FROM finish();
ROLLBACK;
