-- Validation: 20-minute bars follow the real session of the day and its latest ticks, and are judged like daily bars.
BEGIN;
SELECT plan(43);

SELECT aegis.upsert_stocks(array_agg(ROW(c, c, 'KOSPI', NULL, NULL, 1000000, NULL, NULL, now(), NULL)::aegis.stock_input), 'krx', gen_random_uuid())
  FROM (SELECT '90000' || g FROM generate_series(1, 9) AS g) AS s (c);
SELECT aegis.ensure_partitions('aegis.stock_ticks', '2025-02-03', '2025-03-08');
SELECT aegis.ensure_partitions('aegis.stock_ticks_history', '2025-02-03', '2025-03-08');

-- Ticks as '09:00:00 1000 10, ...': time (KST), price, volume.
CREATE FUNCTION pg_temp.ticks(p_code text, p_day date, p_ticks text) RETURNS bigint LANGUAGE sql AS $$
    SELECT (aegis.upsert_rows('stock_ticks', (
        SELECT array_agg(ROW(p_code, p_day, (p_day + split_part(t.tick, ' ', 1)::time) AT TIME ZONE 'Asia/Seoul', t.place,
                             split_part(t.tick, ' ', 2)::numeric, split_part(t.tick, ' ', 3)::numeric, NULL, NULL)::aegis.stock_tick_input)
          FROM regexp_split_to_table(p_ticks, ', ') WITH ORDINALITY AS t (tick, place)), 'krx', gen_random_uuid())).received
$$;
CREATE FUNCTION pg_temp.bars(p_code text, p_day date DEFAULT '2025-03-04') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', b.slot, coalesce(b.slot_number::text, '-'), b.open_price::integer, b.high_price::integer,
                                b.low_price::integer, b.close_price::integer, b.volume, b.tick_count), ', ' ORDER BY b.starts_at)
      FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = p_code AND b.trade_date = p_day
$$;
CREATE FUNCTION pg_temp.found(p_code text, p_day date DEFAULT '2025-03-04') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', f.slot, f.rule_code, f.explained_by), ', ' ORDER BY f.slot, f.rule_code COLLATE "C")
      FROM aegis.findings AS f
     WHERE f.trade_date = p_day AND f.stock_code = p_code AND f.target = 'twenty_minute_bars' AND f.status IN ('open', 'explained')
$$;

-- Slots.
SELECT is(pg_temp.bars('900001'), NULL, 'a day without ticks has no bars');
SELECT pg_temp.ticks('900001', '2025-03-04', '10:07:00 1000 5');
SELECT is(pg_temp.bars('900001'), '10:00 4 1000 1000 1000 1000 5 1', 'one tick is a bar');
SELECT results_eq(
    $$SELECT b.starts_at, b.ends_at, b.is_closing_bar, b.trade_value, b.first_traded_at = b.last_traded_at
        FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = '900001' AND b.trade_date = '2025-03-04'$$,
    $$VALUES ('2025-03-04 10:00+09'::timestamptz, '2025-03-04 10:20+09'::timestamptz, FALSE, 5000::numeric, TRUE)$$,
    'with its hours and its value'
);
SELECT pg_temp.ticks('900002', '2025-03-04',
    '09:00:00 1000 1, 09:19:59.999999 1010 2, 09:20:00 990 3, 09:20:00 995 4, 15:19:59 1001 1, 15:20:00 1002 1, 15:30:00 1003 7, 15:30:29 1004 1');
SELECT is(pg_temp.bars('900002'),
    '09:00 1 1000 1010 1000 1010 3 2, 09:20 2 990 995 990 995 7 2, 15:00 19 1001 1001 1001 1001 1 1, 15:20 20 1002 1004 1002 1004 9 3',
    'a tick at a boundary opens the next bar; the close and the random end of its auction belong to the last one');
SELECT pg_temp.ticks('900002', '2025-03-04', '09:10:00 1500 10');
SELECT is(split_part(pg_temp.bars('900002'), ',', 1), '09:00 1 1000 1500 1000 1010 13 3', 'a late tick changes its bar');
SELECT is((SELECT b.data_version FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = '900002' AND b.trade_date = '2025-03-04' AND b.slot = '09:00'),
          3, 'and makes a new version of it');
UPDATE aegis.stock_ticks AS t SET price = 1011
 WHERE t.stock_code = '900002' AND t.trade_date = '2025-03-04' AND t.traded_at = '2025-03-04 09:10+09';
SELECT is(split_part(pg_temp.bars('900002'), ',', 1), '09:00 1 1000 1011 1000 1010 13 3', 'so does a corrected one');
SELECT is((SELECT b.data_version FROM aegis.twenty_minute_bars AS b WHERE b.stock_code = '900002' AND b.trade_date = '2025-03-04' AND b.slot = '09:00'),
          4, 'which is a version too');

CALL aegis.override_trading_day('2025-03-05', TRUE, 'opens an hour late, closes as ever', '10:00', '15:30');
CALL aegis.override_trading_day('2025-03-06', TRUE, 'everything an hour later', '10:00', '16:30');
CALL aegis.override_trading_day('2025-03-07', TRUE, 'half day', '09:00', '12:10');
SELECT pg_temp.ticks('900002', '2025-03-05', '09:59:59 1000 1, 10:00:00 1000 2, 15:20:00 1000 3, 15:30:00 1000 4');
SELECT is(pg_temp.bars('900002', '2025-03-05'), '09:40 - 1000 1000 1000 1000 1 1, 10:00 1 1000 1000 1000 1000 2 1, 15:20 17 1000 1000 1000 1000 7 2',
          'slots are counted from a late opening');
SELECT pg_temp.ticks('900002', '2025-03-06', '16:20:00 1000 3, 16:30:00 1000 4');
SELECT is(pg_temp.bars('900002', '2025-03-06'), '16:20 20 1000 1000 1000 1000 7 2', 'and end with a late close');
SELECT pg_temp.ticks('900002', '2025-03-07', '12:00:00 1000 3, 12:10:00 1000 4, 12:10:31 1000 1, 12:25:00 1000 1');
SELECT is(pg_temp.bars('900002', '2025-03-07'), '12:00 10 1000 1000 1000 1000 7 2, 12:10 - 1000 1000 1000 1000 1 1, 12:20 - 1000 1000 1000 1000 1 1',
          'a half day ends at noon, and what comes later is no part of it');
SELECT results_eq(
    $$SELECT h.session_kind COLLATE "default", to_char(h.starts_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI') || '-' || to_char(h.ends_at AT TIME ZONE 'Asia/Seoul', 'HH24:MI')
        FROM aegis.session_hours AS h WHERE h.trade_date = '2025-03-06' AND h.market = 'KOSDAQ' ORDER BY h.starts_at, h.ends_at$$,
    $$VALUES ('pre_open', '09:30-09:40'), ('opening_auction', '09:30-10:00'), ('regular', '10:00-16:30'), ('closing_auction', '16:20-16:30'),
             ('after_hours_close', '16:40-17:00'), ('after_hours_auction', '17:00-18:00')$$,
    'a late day moves the sessions around it, the evening keeps its end'
);
SELECT results_eq(
    $$SELECT h.market COLLATE "default", h.session_kind COLLATE "default" FROM aegis.session_hours AS h
       WHERE h.trade_date IN ('2026-09-11', '2026-09-14') AND h.market IN ('ETF', 'KOSPI') AND h.session_kind LIKE 'after\_%'
         AND h.session_kind <> 'after_hours_close' ORDER BY h.trade_date, 1$$,
    $$VALUES ('ETF', 'after_hours_auction'), ('KOSPI', 'after_hours_auction'), ('KOSPI', 'after_market')$$,
    'the after-market came in September 2026, without ETF'
);

-- On the way in: what lies in no session is found, and stored.
SELECT pg_temp.ticks('900003', '2025-03-04', '08:35:00 1000 1, 08:50:00 1000 1, 15:30:20 1000 1, 15:35:00 1000 1, 15:45:00 1000 1, 16:00:00 1000 1, 18:10:00 1000 1, 18:11:00 1000 1');
SELECT results_eq(
    $$SELECT f.slot COLLATE "default", f.rule_code COLLATE "default", (f.observed ->> 'tick_count')::integer FROM aegis.findings AS f
       WHERE f.target = 'stock_ticks' AND f.stock_code = '900003' ORDER BY f.slot$$,
    $$VALUES ('08:40', 'outside_session', 1), ('15:20', 'outside_session', 1), ('18:00', 'outside_session', 2)$$,
    'ticks before the opening, between sessions and after the last one are found on the way in'
);
SELECT is((SELECT count(*) FROM aegis.stock_ticks AS t WHERE t.stock_code = '900003'), 8::bigint, 'and are stored');
SELECT is((SELECT count(*) FROM aegis.validation_runs AS r WHERE r.target = 'stock_ticks' AND r.rows_judged = 8), 2::bigint, 'the batch is on record');

-- Judged. A past of 20 sessions: 100 shares more or less in the first slot, always 50 in the second, closing auction 500.
CREATE TEMP TABLE past AS
SELECT c.trade_date AS day, row_number() OVER (ORDER BY c.trade_date) AS place
  FROM aegis.trading_calendar AS c WHERE c.is_open AND c.trade_date BETWEEN '2025-02-05' AND '2025-03-03' AND c.venue = 'XKRX';
SELECT pg_temp.ticks('900004', p.day, format('09:05:00 1000 %s, 09:25:00 1000 50, 15:30:00 1000 %s', 100 + p.place % 3, 500 + p.place % 2)) FROM past AS p;
SELECT aegis.upsert_daily_market_data(
    array_agg(ROW(c, p.day, 'raw', 1000, 1000, 1000, 1000, 650, NULL, NULL, 1000000, 1000, NULL, NULL)::aegis.daily_market_data_input), 'krx', gen_random_uuid())
  FROM past AS p CROSS JOIN unnest('{900001,900002,900003,900004,900005,900006}'::text []) AS c;

SELECT pg_temp.ticks('900004', '2025-03-04', '09:05:00 1000 120, 09:25:00 1000 5000, 09:45:00 1000 10, 15:30:00 1000 502');
SELECT results_eq(
    $$SELECT b.slot COLLATE "default", b.slot_observations, b.mean_slot_volume, round(b.slot_volume_z::numeric, 1), b.is_closing_bar
        FROM aegis.twenty_minute_bar_context AS b WHERE b.stock_code = '900004' AND b.trade_date = '2025-03-04' ORDER BY b.slot$$,
    format($$VALUES ('09:00', %1$s, %2$s::double precision, %3$s, FALSE), ('09:20', %1$s, 50, NULL, FALSE), ('09:40', %1$s, 0, NULL, FALSE),
                    ('15:20', %1$s, %4$s::double precision, %5$s, TRUE)$$,
           (SELECT count(*) FROM past), (SELECT avg(100 + place % 3) FROM past),
           (SELECT round((120 - avg(100 + place % 3)) / stddev_samp(100 + place % 3), 1) FROM past),
           (SELECT avg(500 + place % 2) FROM past), (SELECT round((502 - avg(500 + place % 2)) / stddev_samp(500 + place % 2), 1) FROM past)),
    'volume is compared with the same slot of the preceding sessions; without deviation there is no z-score'
);
SELECT pg_temp.ticks('900005', '2025-03-04', '09:00:00 1100 10, 09:20:00 1301 10, 09:40:00 1000 10, 10:00:00 650 10, 10:20:00 1000.5 100');
SELECT pg_temp.ticks('900006', '2025-03-04', '09:00:00 1000 60, 09:01:00 1001 60, 09:20:00 1000 60, 09:21:00 1001 60, 09:40:00 1000 60');
SELECT aegis.upsert_market_events(ARRAY[ROW('900001', 'halt', '2025-03-04', '2025-03-04', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());
SELECT pg_temp.ticks('900007', '2025-03-04', '09:00:00 3000 10, 09:20:00 3700 10');

SELECT throws_ok($$SELECT aegis.validate_twenty_minute_bars(NULL)$$, 'AEV07', NULL, 'no day is no day');
SELECT throws_ok($$SELECT aegis.validate_twenty_minute_bars('infinity')$$, 'AEV07', NULL, 'nor is infinity');
SELECT results_eq(
    $$SELECT r.found_by, r.target COLLATE "default", r.rows_judged, r.findings > 5, r.rules_asked FROM aegis.validate_twenty_minute_bars('2025-03-04') AS r$$,
    $$VALUES ('bars', 'twenty_minute_bars', (SELECT count(*) FROM aegis.twenty_minute_bars AS b WHERE b.trade_date = '2025-03-04'), TRUE,
              (SELECT count(*)::integer FROM aegis.validation_rules AS v WHERE 'twenty_minute_bars' = ANY (v.targets)))$$,
    'a run says how many bars were judged by how many rules'
);
SELECT is(pg_temp.found('900001'), '10:00 halted', 'a halted code that trades is found');
SELECT is(pg_temp.found('900002'), NULL, 'ordinary bars are left alone');
SELECT is(pg_temp.found('900003'), '08:40 outside_session, 15:30 outside_session, 18:00 outside_session', 'bars in no session are found, after-hours are not');
SELECT is(pg_temp.found('900004'), '09:00 slot_volume_zscore',
          'an unusual volume for its slot is found; not where the past never varied');
SELECT is(pg_temp.found('900005'), '09:20 price_limit, 09:40 bar_change, 10:00 bar_change, 10:00 price_limit, 10:20 bar_change, 10:20 off_tick',
          'prices beyond the limits of the day, jumps and prices off tick are found');
SELECT is(pg_temp.found('900006'), '09:20 repeated_bar', 'a bar that repeats the one before is found');
SELECT is(pg_temp.found('900007'), '09:20 bar_change', 'a code without a past is judged by what there is');
SELECT is(
    (SELECT b.base_price_origin IS NULL AND b.bar_change IS NULL AND b.slot_observations = 0 AND b.slot_volume_z IS NULL
       FROM aegis.twenty_minute_bar_context AS b WHERE b.stock_code = '900007' AND b.trade_date = '2025-03-04' AND b.slot = '09:00'),
    TRUE, 'on its first day nothing is made up: no base price, no return, no z-score'
);
SELECT results_eq(
    $$SELECT f.rule_version, f.data_version, f.batch_number IS NOT NULL, f.found_by, (f.observed ->> 'upper_limit')::numeric
        FROM aegis.findings AS f WHERE f.stock_code = '900005' AND f.rule_code = 'price_limit' AND f.slot = '09:20'$$,
    $$VALUES (1, 2, TRUE, 'bars', 1300::numeric)$$, 'a finding names its bar, its versions and its numbers'
);
SELECT results_eq(
    $$SELECT c.rule_code COLLATE "default", c.findings FROM aegis.cases AS c WHERE c.target = 'twenty_minute_bars' AND c.stock_code = '900005' ORDER BY 1$$,
    $$VALUES ('bar_change', 3::bigint), ('off_tick', 1), ('price_limit', 2)$$, 'doubts of one rule about one code and day are one case'
);
SELECT is((SELECT r.findings FROM aegis.validate_twenty_minute_bars('2025-03-04') AS r), 0::bigint, 'judged again, nothing is found twice');

-- A late tick makes another bar: 1,301 is not the whole truth any more, yet stays beyond the limit; 650 gets company.
SELECT pg_temp.ticks('900005', '2025-03-04', '10:19:00 1000 1');
SELECT aegis.validate_twenty_minute_bars('2025-03-04');
SELECT results_eq(
    $$SELECT f.rule_code COLLATE "default", f.data_version, f.status FROM aegis.findings AS f
       WHERE f.stock_code = '900005' AND f.target = 'twenty_minute_bars' AND f.slot = '10:00' ORDER BY 1, 2$$,
    $$VALUES ('bar_change', 4, 'superseded'), ('price_limit', 4, 'superseded'), ('price_limit', 5, 'open')$$,
    'what was found in the bar as it was is superseded, what still holds is found again'
);
SELECT is(pg_temp.found('900005'), '09:20 price_limit, 09:40 bar_change, 10:00 price_limit, 10:20 off_tick', 'and its neighbour is compared with it');

-- Explained: the first bar of an ex-rights day is compared with its new base price, a liquidation knows no limit.
SELECT aegis.upsert_market_events(ARRAY[ROW('900005', 'liquidation', '2025-03-04', '2025-03-04', NULL, NULL, NULL, NULL, NULL, now(), NULL)::aegis.market_event_input], 'krx', gen_random_uuid());
SELECT is(
    (SELECT string_agg(concat_ws(' ', r.slot, r.price_status, r.limit_status, r.explained_by, r.overall_status), ', ' ORDER BY r.slot)
       FROM aegis.data_quality_intraday_report AS r WHERE r.date = '2025-03-04' AND r.stock_code = '900005'),
    '09:00 NORMAL NO_LIMIT VALIDATED, 09:20 NORMAL NO_LIMIT VALIDATED, 09:40 PRICE_ANOMALY NO_LIMIT liquidation EXPLAINED, '
    '10:00 NORMAL NO_LIMIT VALIDATED, 10:20 NORMAL NO_LIMIT VALIDATED', 'liquidation explains'
);
SELECT is(
    (SELECT string_agg(concat_ws(' ', r.slot, r.volume_status, r.session_status, r.stale_status, r.overall_status), ', ' ORDER BY r.slot)
       FROM aegis.data_quality_intraday_report AS r WHERE r.date = '2025-03-04' AND r.stock_code = '900004'),
    '09:00 VOLUME_SPIKE NORMAL NORMAL REQUIRES_REVIEW, 09:20 INSUFFICIENT_DATA NORMAL NORMAL VALIDATED, 09:40 INSUFFICIENT_DATA NORMAL NORMAL VALIDATED, '
    '15:20 NORMAL NORMAL NORMAL VALIDATED', 'the report says what the rules say'
);
SELECT is(
    (SELECT string_agg(concat_ws(' ', r.slot, r.session_kind, r.session_status), ', ' ORDER BY r.slot)
       FROM aegis.data_quality_intraday_report AS r WHERE r.date = '2025-03-04' AND r.stock_code = '900003'),
    '08:20 pre_open EXTENDED_HOURS, 08:40 OUTSIDE_SESSION, 15:20 regular NORMAL, 15:30 OUTSIDE_SESSION, 15:40 after_hours_close EXTENDED_HOURS, '
    '16:00 after_hours_auction EXTENDED_HOURS, 18:00 OUTSIDE_SESSION', 'and which session a bar lies in'
);
SELECT is((SELECT r.stale_status FROM aegis.data_quality_intraday_report AS r WHERE r.date = '2025-03-04' AND r.stock_code = '900006' AND r.slot = '09:20'),
          'STALE', 'and which one is stale');
CALL aegis.change_validation_rule('bar_change', '{"threshold": 0.1}', 'test');
SELECT aegis.validate_twenty_minute_bars('2025-03-04');
SELECT is((SELECT count(*) FROM aegis.findings AS f WHERE f.stock_code = '900007' AND f.target = 'twenty_minute_bars' AND f.rule_code = 'bar_change' AND f.status = 'open'),
          1::bigint, 'a changed rule takes the place of its former version');

-- Edges of the day.
SELECT aegis.validate_trading_day('2025-03-07');
SELECT is(pg_temp.found('900002', '2025-03-07'), '12:10 outside_session', 'a day is judged with its 20-minute bars; on a half day the sessions after it move with it');
SELECT is((SELECT r.found_by FROM aegis.validation_runs AS r WHERE r.target = 'twenty_minute_bars' AND r.first_date = '2025-03-07'), 'bars', 'as a run of its own');
SELECT aegis.validate_trading_day('2025-03-10');
SELECT is((SELECT count(*) FROM aegis.validation_runs AS r WHERE r.target = 'twenty_minute_bars' AND r.first_date = '2025-03-10'), 0::bigint,
          'of a day without ticks none is made');
SELECT is((SELECT r.rows_judged FROM aegis.validate_twenty_minute_bars('2025-03-10') AS r), 0::bigint, 'though it can be asked for');

CALL aegis.change_configuration('aegis.closing_grace', '0 seconds', 'test');
SELECT is(right(pg_temp.bars('900002'), 31), '15:30 - 1004 1004 1004 1004 1 1', 'how late the closing auction may end is a setting');

SELECT * FROM finish();
ROLLBACK;
