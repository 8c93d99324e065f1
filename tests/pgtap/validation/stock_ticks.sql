-- Validation: a tick is judged by the sessions of its own venue and day.
BEGIN;
SELECT plan(18);

SELECT aegis.upsert_stocks(array_agg(ROW('90000' || g, g, CASE g WHEN 9 THEN 'ETF' ELSE 'KOSDAQ' END, NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input),
                           'krx', gen_random_uuid())
  FROM generate_series(1, 9) AS g;
SELECT aegis.ensure_partitions(t, d, d)
  FROM unnest('{aegis.stock_ticks,aegis.stock_ticks_history}'::regclass []) AS t
 CROSS JOIN unnest('{2025-02-28,2025-03-04,2025-03-05,2025-11-13,2026-09-11,2026-09-14}'::date []) AS d;

-- Ticks as '19:00:00 1000 10, ...': time (KST), price, volume.
CREATE FUNCTION pg_temp.ticks(p_venue text, p_code text, p_day date, p_ticks text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(', ', 'inserted ' || nullif(r.inserted, 0), 'duplicate ' || nullif(r.duplicate, 0), 'rejected ' || nullif(r.rejected, 0),
                     'quarantined ' || nullif(r.quarantined, 0))
      FROM aegis.upsert_rows('stock_ticks', (
        SELECT array_agg(ROW(p_code, p_day, (p_day + split_part(t.tick, ' ', 1)::time) AT TIME ZONE 'Asia/Seoul', t.place,
                             split_part(t.tick, ' ', 2)::numeric, split_part(t.tick, ' ', 3)::numeric, NULL, p_venue)::aegis.stock_tick_input)
          FROM regexp_split_to_table(p_ticks, ', ') WITH ORDINALITY AS t (tick, place)), 'krx', gen_random_uuid()) AS r
$$;
CREATE FUNCTION pg_temp.found(p_code text, p_day date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', f.slot, f.rule_code, f.observed ->> 'tick_count', nullif(f.status, 'open'), 'v' || nullif(f.data_version, 1)), ', '
                      ORDER BY f.slot COLLATE "C", f.data_version)
      FROM aegis.findings AS f
     WHERE f.trade_date = p_day AND f.stock_code = p_code AND f.target = 'stock_ticks'
$$;
CREATE FUNCTION pg_temp.hours(p_day date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', h.session_kind, to_char(h.starts_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI:SS'), to_char(h.ends_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI')),
                      ', ' ORDER BY h.starts_at)
      FROM aegis.session_hours AS h WHERE h.trade_date = p_day AND h.market = 'NXT'
$$;

-- The venue is part of what a tick is.
SELECT is(pg_temp.ticks(NULL, '900001', '2025-03-04', '10:00:00 1000 1'), 'inserted 1', 'a tick is of KRX where its source does not say');
SELECT is(pg_temp.ticks('NXT', '900001', '2025-03-04', '10:00:00 1010 7'), 'inserted 1', 'another venue may have its moment and number');
SELECT is(pg_temp.ticks('NXT', '900001', '2025-03-04', '10:00:00 1010 7'), 'duplicate 1', 'and has them once');
SELECT is((SELECT string_agg(t.venue, ' ' ORDER BY t.venue) FROM aegis.stock_ticks AS t WHERE t.stock_code = '900001'), 'NXT XKRX', 'both are kept');
SELECT is(pg_temp.ticks('XNYS', '900001', '2025-03-04', '10:00:00 1000 1'), 'rejected 1', 'a venue nobody knows is put aside');
SELECT is((SELECT d.reason || ' ' || (d.payload::jsonb ->> 'venue') FROM aegis.dead_letters AS d WHERE d.target = 'stock_ticks'), 'unknown_venue XNYS', 'and is said to be');
SELECT is((SELECT string_agg(concat_ws(' ', b.slot, b.close_price, b.volume), ', ') FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = '900001'),
          '10:00 1000.00 1', 'bars are those of KRX: what NXT traded is no part of them');
SELECT is((SELECT count(*) FROM aegis.twenty_minute_bar_context AS b WHERE b.stock_code = '900001' AND b.trade_date = '2025-03-04'), 1::bigint, 'nor of their context');

-- Sessions of the venue on that day.
SELECT pg_temp.ticks('NXT', c, d, '19:00:00 1000 1'), pg_temp.ticks('XKRX', c, d, '19:00:00 1000 1')
  FROM unnest('{900002,900009}'::text []) AS c CROSS JOIN unnest('{2026-09-11,2026-09-14}'::date []) AS d;
SELECT is(pg_temp.found('900002', '2026-09-11'), '19:00 outside_session 1', 'in the evening NXT trades; KRX does not');
SELECT is(pg_temp.found('900002', '2026-09-14'), NULL, 'until its after-market begins');
SELECT is(pg_temp.found('900009', '2026-09-14'), '19:00 outside_session 1', 'in which ETF take no part');
SELECT pg_temp.ticks('NXT', '900003', '2025-02-28', '10:00:00 1000 1, 10:01:00 1000 1'), pg_temp.ticks('XKRX', '900003', '2025-02-28', '10:00:00 1000 1');
SELECT is(pg_temp.found('900003', '2025-02-28'), '10:00 NXT outside_session 2', 'before its first day NXT has no session');
SELECT pg_temp.ticks(v, '900004', '2025-03-04', '08:00:00 1000 1, 08:51:00 1000 1, 09:00:10 1000 1, 15:20:20 1000 1, 15:25:00 1000 1, 16:00:00 1000 1, 20:01:00 1000 1')
  FROM unnest('{XKRX,NXT}'::text []) AS v;
SELECT is(pg_temp.found('900004', '2025-03-04'),
          '08:00 outside_session 1, 08:40 outside_session 1, 08:40 NXT outside_session 1, 09:00 NXT outside_session 1, 15:20 NXT outside_session 1, '
          '20:00 outside_session 1, 20:00 NXT outside_session 1', 'each tick is judged by its own venue, and what is found names it');
SELECT is((SELECT count(*) FROM aegis.stock_ticks AS t WHERE t.stock_code = '900004'), 14::bigint, 'all are stored');

SELECT is(pg_temp.hours('2025-03-04'), 'pre_market 08:00:00 08:50, main_market 09:00:30 15:20, after_market 15:40:00 20:00', 'NXT has hours of its own');
CALL aegis.override_trading_day('2025-11-13', TRUE, 'university entrance exam', '10:00', '16:30');
SELECT is(pg_temp.hours('2025-11-13'), 'main_market 10:00:30 16:20, after_market 16:30:00 20:00', 'which a late day of KRX moves');
CALL aegis.override_trading_day('2025-03-05', FALSE, 'Nextrade is down', p_venue => 'NXT');
SELECT is(pg_temp.hours('2025-03-05'), NULL, 'a day can be closed for NXT alone');
SELECT pg_temp.ticks(v, '900005', '2025-03-05', '10:00:00 1000 1') FROM unnest('{XKRX,NXT}'::text []) AS v;
SELECT is(pg_temp.found('900005', '2025-03-05'), '10:00 NXT outside_session 1', 'and is not closed for KRX');

SELECT * FROM finish();
ROLLBACK;
