-- Validation: a tick is judged by the sessions of its own venue and day, and doubts about it and its bars follow it.
BEGIN;
SELECT plan(49);

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
SELECT is(pg_temp.ticks('XKRX', '900004', '2025-03-04', '07:00:00 1000 1') || ', ' || pg_temp.ticks('NXT', '900004', '2025-03-04', '07:00:00 1000 1'),
          'quarantined 1, inserted 1', 'what came long before KRX opened is put aside if it claims to be of KRX');

SELECT is(pg_temp.hours('2025-03-04'), 'pre_market 08:00:00 08:50, main_market 09:00:30 15:20, after_market 15:40:00 20:00', 'NXT has hours of its own');
CALL aegis.override_trading_day('2025-11-13', TRUE, 'university entrance exam', '10:00', '16:30');
SELECT is(pg_temp.hours('2025-11-13'), 'main_market 10:00:30 16:20, after_market 16:30:00 20:00', 'which a late day of KRX moves');
CALL aegis.override_trading_day('2025-03-05', FALSE, 'Nextrade is down', p_venue => 'NXT');
SELECT is(pg_temp.hours('2025-03-05'), NULL, 'a day can be closed for NXT alone');
SELECT pg_temp.ticks(v, '900005', '2025-03-05', '10:00:00 1000 1') FROM unnest('{XKRX,NXT}'::text []) AS v;
SELECT is(pg_temp.found('900005', '2025-03-05'), '10:00 NXT outside_session 1 v2', 'and is not closed for KRX');

-- What is found follows the ticks: deleted, restored, and the hours they are judged by.
CREATE FUNCTION pg_temp.change(p_verdict text, p_code text, p_time text, p_day date DEFAULT '2025-03-04') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_keys CONSTANT jsonb := (SELECT jsonb_agg(jsonb_build_object('stock_code', t.stock_code, 'trade_date', t.trade_date, 'venue', t.venue,
                                                                  'traded_at', t.traded_at, 'sequence_number', t.sequence_number))
                                FROM aegis.stock_ticks AS t
                               WHERE t.stock_code = p_code AND t.trade_date = p_day AND to_char(t.traded_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI') ~ p_time);
BEGIN
    IF p_verdict = 'deleted' THEN
        RETURN (SELECT string_agg(DISTINCT d.verdict || ' ' || jsonb_array_length(v_keys), ', ') FROM aegis.soft_delete('aegis.stock_ticks', v_keys, 'test') AS d);
    END IF;
    RETURN (SELECT string_agg(DISTINCT d.verdict || ' ' || jsonb_array_length(v_keys), ', ') FROM aegis.restore_deleted('aegis.stock_ticks', v_keys, 'test') AS d);
END
$$;
CREATE FUNCTION pg_temp.bars(p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', b.slot, b.close_price::integer, b.volume, b.tick_count, 'v' || b.data_version), ', ' ORDER BY b.starts_at)
      FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = p_code AND b.trade_date = '2025-03-04'
$$;
CREATE FUNCTION pg_temp.in_bars(p_code text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', f.slot, f.rule_code, nullif(f.status, 'open'), 'v' || f.data_version), ', ' ORDER BY f.slot, f.rule_code, f.data_version)
      FROM aegis.findings AS f WHERE f.trade_date = '2025-03-04' AND f.stock_code = p_code AND f.target = 'twenty_minute_bars'
$$;

SELECT pg_temp.ticks('XKRX', '900006', '2025-03-04', '09:00:00 1000 1, 09:01:00 1500 5, 09:20:00 1000 1, 09:40:00 1400 1, 10:00:00 1000 1, 22:00:00 1000 1, 22:05:00 1000 1');
SELECT is(pg_temp.bars('900006'), '09:00 1500 6 2 v2, 09:20 1000 1 1 v3, 09:40 1400 1 1 v4, 10:00 1000 1 1 v5, 22:00 1000 2 2 v7', 'bars as they are first');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.found('900006', '2025-03-04'), '22:00 outside_session 2', 'a day that is judged finds no tick twice');
SELECT is((SELECT r.rows_judged FROM aegis.validation_runs AS r WHERE r.target = 'stock_ticks' AND r.found_by = 'day'),
          (SELECT count(*) FROM aegis.stock_ticks AS t WHERE t.trade_date = '2025-03-04'), 'all ticks of a day are judged with it, as a run of their own');
SELECT is(pg_temp.in_bars('900006'), '09:20 bar_change v3, 09:40 bar_change v4, 10:00 bar_change v5, 22:00 outside_session v7', 'and its bars');

SELECT is(pg_temp.change('deleted', '900006', '09:01|09:40|22:00'), 'deleted 3', 'ticks can be taken out of use');
SELECT is(pg_temp.bars('900006'), '09:00 1000 1 1 v3, 09:20 1000 1 1 v4, 10:00 1000 1 1 v7, 22:00 1000 1 1 v10', 'bars leave them out, and have a version for it');
SELECT is((SELECT count(*) FROM aegis.active_stock_ticks AS t WHERE t.stock_code = '900006'), 4::bigint, 'so does the view of those in use');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.found('900006', '2025-03-04'), '22:00 outside_session 2 superseded, 22:00 outside_session 1 v2', 'what is left of a doubt is a new one');
SELECT is(pg_temp.in_bars('900006'),
          '09:20 bar_change superseded v3, 09:40 bar_change superseded v4, 10:00 bar_change superseded v5, 22:00 outside_session superseded v7, 22:00 outside_session v10',
          'doubts about bars go with what they were about, also where the whole bar is gone');
SELECT is(pg_temp.ticks('XKRX', '900006', '2025-03-04', '08:59:00 1000 1, 09:01:00 1500 5'), 'inserted 1, duplicate 1', 'a deleted tick that is sent again is known');
SELECT is((SELECT count(*) FROM aegis.active_stock_ticks AS t WHERE t.stock_code = '900006' AND t.price = 1500), 0::bigint, 'and stays deleted');


-- Decisions about ticks and bars.
CREATE FUNCTION pg_temp.of_case(p_code text, p_target text) RETURNS bigint LANGUAGE sql AS
$$SELECT max(c.case_id) FROM aegis.cases AS c WHERE c.stock_code = p_code AND c.target = p_target$$;
CREATE FUNCTION pg_temp.state(p_code text, p_target text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', c.state, c.findings), ', ' ORDER BY c.case_id) FROM aegis.cases AS c WHERE c.stock_code = p_code AND c.target = p_target
$$;
SELECT pg_temp.ticks('NXT', '900007', '2025-03-04', '21:00:00 1000 1');
SELECT pg_temp.ticks('XKRX', '900007', '2025-03-04', '10:00:00 1000 1, 21:10:00 1000 1');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.state('900007', 'stock_ticks') || ', ' || pg_temp.state('900007', 'twenty_minute_bars'), 'open 2, open 1', 'doubts about ticks and bars wait for a person');
CALL aegis.assign_case(pg_temp.of_case('900007', 'stock_ticks'), SESSION_USER::text, 'test');
SELECT throws_ok($$CALL aegis.replay_case(pg_temp.of_case('900007', 'stock_ticks'), 'again')$$, 'AEV46', NULL, 'who looks again finds them as they are');
SELECT throws_ok($$CALL aegis.reject_case(pg_temp.of_case('900007', 'stock_ticks'), 'wrong clock', p_soft_delete => TRUE)$$, 'AEV47', NULL,
                 'a doubt is about several ticks: they are deleted by key');
SELECT is(pg_temp.change('deleted', '900007', '21:'), 'deleted 2', 'here');
SELECT lives_ok($$CALL aegis.replay_case(pg_temp.of_case('900007', 'stock_ticks'), 'the clock of the feed was wrong')$$, 'then nothing is found in the ticks');
SELECT lives_ok($$CALL aegis.replay_case(pg_temp.of_case('900007', 'twenty_minute_bars'), 'the clock of the feed was wrong')$$, 'nor in the bars');
SELECT is(pg_temp.state('900007', 'stock_ticks') || ', ' || pg_temp.state('900007', 'twenty_minute_bars'), 'replayed 2, replayed 1', 'and both cases are resolved');
SELECT is(pg_temp.change('restored', '900007', '21:'), 'restored 2', 'ticks that come back');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.state('900007', 'stock_ticks') || ', ' || pg_temp.state('900007', 'twenty_minute_bars'), 'replayed 2, open 2, replayed 1, open 1', 'are doubted again');
CALL aegis.release_case(pg_temp.of_case('900007', 'stock_ticks'), 'a block trade');
CALL aegis.reject_case(pg_temp.of_case('900007', 'twenty_minute_bars'), 'no trade');
SELECT is((SELECT string_agg(DISTINCT f.target || ' ' || f.status, ', ') FROM aegis.findings AS f WHERE f.stock_code = '900007' AND f.status <> 'superseded'),
          'stock_ticks released, twenty_minute_bars rejected', 'a decision is the status of what it was about');
SELECT aegis.validate_trading_day('2025-03-04');
SELECT is(pg_temp.state('900007', 'stock_ticks') || ', ' || pg_temp.state('900007', 'twenty_minute_bars'), 'replayed 2, released 2, replayed 1, rejected 1', 'which outlives the next run');

-- The calendar can be wrong too.
CALL aegis.override_trading_day('2025-03-05', TRUE, 'Nextrade was not down', p_venue => 'NXT');
SELECT aegis.validate_trading_day('2025-03-05');
SELECT is(pg_temp.found('900005', '2025-03-05'), '10:00 NXT outside_session 1 superseded v2', 'hours that were wrong take the doubt with them');
CALL aegis.override_trading_day('2025-03-05', FALSE, 'it was', p_venue => 'NXT');
SELECT aegis.validate_trading_day('2025-03-05');
SELECT is(pg_temp.found('900005', '2025-03-05'), '10:00 NXT outside_session 1 superseded v2, 10:00 NXT outside_session 1 v4', 'and bring it back');

-- Load.
CALL aegis.change_configuration('aegis.sampling_rate', '0', 'test');
CALL aegis.override_load_level(3, 'test');
SELECT pg_temp.ticks('NXT', '900008', '2025-03-04', '20:20:00 1000 1');
SELECT is((SELECT count(*) FROM aegis.deferred_checks), 0::bigint, 'where every rule is asked, nothing is said to be put off');
CALL aegis.change_configuration('aegis.load_priority_3', '10', 'test');
SELECT pg_temp.ticks('NXT', '900008', '2025-03-04', '21:00:00 1000 1');
SELECT is(pg_temp.found('900008', '2025-03-04'), '20:20 NXT outside_session 1', 'under load a rule of ticks can be put off');
SELECT is((SELECT string_agg(d.target || ' ' || d.accepted_rows, ', ') FROM aegis.deferred_checks AS d WHERE d.checked_at IS NULL), 'stock_ticks 1', 'which is on record');
CALL aegis.change_configuration('aegis.sampling_rate', '1', 'test');
SELECT pg_temp.ticks('NXT', '900008', '2025-03-04', '22:00:00 1000 1');
SELECT is(pg_temp.found('900008', '2025-03-04'), '20:20 NXT outside_session 1, 22:00 NXT outside_session 1', 'except for the codes that are sampled');
CALL aegis.override_load_level(0, 'test');
CALL aegis.run_deferred_checks();
SELECT is(pg_temp.found('900008', '2025-03-04'), '20:20 NXT outside_session 1, 21:00 NXT outside_session 1, 22:00 NXT outside_session 1', 'and is made up for');
SELECT is((SELECT count(*) FROM aegis.deferred_checks AS d WHERE d.checked_at IS NULL), 0::bigint, 'once');

SELECT * FROM finish();
ROLLBACK;
