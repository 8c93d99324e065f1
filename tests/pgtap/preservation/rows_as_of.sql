-- Preservation: a range of days can be read as it stood at any moment, to the microsecond.
BEGIN;
SELECT plan(22);

INSERT INTO aegis.stock_prices (stock_code, trade_date, price, volume, source, source_rank, batch_number, created_at, last_updated)
VALUES ('005930', '2024-02-29', 100, 1, 'krx', 100, 1, '2024-02-29 15:00+09', '2024-02-29 15:00+09'),
       ('005930', '2024-03-04', 300, 1, 'krx', 100, 1, '2024-03-04 15:00+09', '2024-03-04 15:00+09');
UPDATE aegis.stock_prices SET price = 101, data_version = 2 WHERE trade_date = '2024-02-29';
SELECT verdict FROM aegis.soft_delete('aegis.stock_prices', '{"stock_code": "005930", "trade_date": "2024-02-29"}', 'wrong') \g /dev/null
SELECT min(superseded_at) AS first_change, max(superseded_at) AS second_change FROM aegis.stock_prices_history \gset
SELECT clock_timestamp() AS at_last \gset

GRANT aegis_reader TO CURRENT_USER;
SET LOCAL ROLE aegis_reader;

CREATE FUNCTION pg_temp.states(p_at timestamptz) RETURNS TABLE (day text, price text, is_active text) LANGUAGE sql AS $$
    SELECT r ->> 'trade_date', r ->> 'price', r ->> 'is_active' FROM aegis.rows_as_of('aegis.stock_prices', p_at, '2024-02-01', '2024-03-31') AS r
$$;

SELECT is_empty($$SELECT * FROM pg_temp.states('2024-02-29 14:59:59.999999+09')$$, 'before it was created there was no row');
SELECT set_eq($$SELECT * FROM pg_temp.states('2024-02-29 15:00+09')$$, $$VALUES ('2024-02-29', '100.00', 'true')$$,
              'from its creation on there is one');
SELECT set_eq(format('SELECT * FROM pg_temp.states(%L::timestamptz - interval ''1 microsecond'')', :'first_change'),
              $$VALUES ('2024-02-29', '100.00', 'true'), ('2024-03-04', '300.00', 'true')$$, 'until its change it has its first value');
SELECT set_eq(format('SELECT * FROM pg_temp.states(%L)', :'first_change'),
              $$VALUES ('2024-02-29', '101.00', 'true'), ('2024-03-04', '300.00', 'true')$$, 'from the moment of its change the second');
SELECT set_eq(format('SELECT * FROM pg_temp.states(%L::timestamptz - interval ''1 microsecond'')', :'second_change'),
              $$VALUES ('2024-02-29', '101.00', 'true'), ('2024-03-04', '300.00', 'true')$$, 'until it is deleted it is active');
SELECT set_eq(format('SELECT * FROM pg_temp.states(%L)', :'second_change'),
              $$VALUES ('2024-02-29', '101.00', 'false'), ('2024-03-04', '300.00', 'true')$$, 'from then on it is a deleted row');
SELECT set_eq(format('SELECT to_jsonb(p) - ''updated_count'' FROM aegis.stock_prices_as_of(%L, ''2024-02-01'', ''2024-03-31'') AS p', :'first_change'),
              format('SELECT r - ''updated_count'' FROM aegis.rows_as_of(''aegis.stock_prices'', %L, ''2024-02-01'', ''2024-03-31'') AS r', :'first_change'),
              'the typed function says the same');
SELECT is((SELECT updated_count FROM aegis.stock_prices_as_of(:'first_change', '2024-02-29', '2024-02-29')), 1,
          'with the columns that follow from others');
SELECT set_eq(format('SELECT to_jsonb(p) FROM aegis.stock_prices_as_of(%L, ''2024-02-01'', ''2024-03-31'') AS p', :'at_last'),
              $$SELECT to_jsonb(p) FROM aegis.stock_prices AS p$$, 'as of now it is the table');
SELECT is((SELECT count(*) FROM aegis.rows_as_of('aegis.stock_prices', :'at_last', '2024-03-01', NULL)), 1::bigint, 'null is an open end');
SELECT is((SELECT count(*) FROM aegis.rows_as_of('aegis.stock_prices', :'at_last', NULL, '2024-02-29')), 1::bigint, 'at both ends');
SELECT is_empty(format('SELECT FROM aegis.stock_prices_as_of(%L, NULL, ''2024-03-31'')', :'at_last'), 'the typed function wants both days');

SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stock_prices', NULL)$$, 'AEP47', NULL, 'a moment is needed');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stock_prices', 'infinity')$$, 'AEP47', NULL, 'and one that has come');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stock_prices', now(), '2024-03-31', '2024-03-01')$$, 'AEP47', NULL, 'days are in order');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stocks', now(), '2024-03-01', NULL)$$, 'AEP47', NULL, 'where there are days');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.error_codes', now())$$, 'AEP46', NULL, 'a table without history says so');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stock_prices_default', now())$$, 'AEP36', NULL, 'a partition is no table');
SELECT throws_ok($$SELECT aegis.rows_as_of('aegis.stock_prices_daily', now())$$, 'AEP35', NULL, 'nor is a view');
RESET ROLE;

-- One month is read, not all.
CREATE FUNCTION pg_temp.read(p_query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE v_line text;
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS off) ' || p_query LOOP
        RETURN QUERY SELECT m[1] FROM regexp_matches(v_line, ' on (stock_prices\w*)', 'g') AS m WHERE m[1] !~ '_(pkey|idx|ix)$';
    END LOOP;
END $$;
SELECT set_eq(
    $$SELECT DISTINCT pg_temp.read($q$SELECT * FROM aegis.stock_prices_as_of(now(), date_trunc('month', now())::date + 3, date_trunc('month', now())::date + 4)$q$)$$,
    $$SELECT n || to_char(now() AT TIME ZONE 'Asia/Seoul', '"_p"YYYY_MM') FROM unnest(ARRAY['stock_prices', 'stock_prices_history']) AS n$$,
    'as of reads the partitions of the month alone'
);
SELECT is_empty(
    $$SELECT * FROM pg_temp.read($q$SELECT * FROM aegis.stock_prices_as_of('2024-03-01', '2024-02-01', '2024-02-29') AS p WHERE p.stock_code = '005930'$q$) AS r (t)
       WHERE r.t !~ 'default'$$,
    'and what waits in the default partition'
);
SELECT set_eq($$SELECT r ->> 'source' FROM aegis.rows_as_of('aegis.data_sources', now()) AS r$$, 'SELECT source FROM aegis.data_sources',
              'a table without moments of creation is there from the beginning');

SELECT * FROM finish();
ROLLBACK;
