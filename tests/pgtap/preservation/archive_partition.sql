-- Preservation: a partition leaves its table only past its term, whole, counted, and under no hold.
BEGIN;
SELECT plan(35);

-- Judgement by calendar terms, the last day included.
SELECT ok(NOT aegis_guard._is_past_term('2016-02-29', '7 years', '2023-02-28'), 'a leap day stays through 28 February');
SELECT ok(aegis_guard._is_past_term('2016-02-29', '7 years', '2023-03-01'), 'and may go the day after');
SELECT ok(NOT aegis_guard._is_past_term('2017-02-28', '7 years', '2024-02-28'), 'the last day of a term belongs to it');
SELECT ok(aegis_guard._is_past_term('2017-02-28', '7 years', '2024-02-29'), 'also when a leap day follows');
SELECT ok(NOT aegis_guard._is_past_term('2026-01-31', '1 month', '2026-02-28'), 'a month ends with the month');

SELECT aegis.ensure_partitions('aegis.stock_transactions', '2012-01-01', '2012-03-31');
SELECT aegis.ensure_partitions('aegis.user_activity_logs', '2012-01-01', '2012-02-28');
INSERT INTO aegis.stock_transactions (
    stock_code, trade_date, transaction_id, account_id, side, quantity, price, executed_at, source, source_rank,
    batch_number, created_at, last_updated
)
SELECT CASE n % 2 WHEN 0 THEN '005930' ELSE '000660' END, (d AT TIME ZONE 'Asia/Seoul')::date, 't' || n, 'account-' || n % 3, 'buy', 1, 100 + n,
       d + '12 hours', 'broker', 100, 1, d + '13 hours', d + '12 hours'
  FROM generate_series('2012-01-02 00:00+09'::timestamptz, '2012-03-30 00:00+09', '1 day') WITH ORDINALITY AS g (d, n);
INSERT INTO aegis.user_activity_logs (occurred_at, user_id, activity)
SELECT d, 'user-1', 'login' FROM generate_series('2012-01-02 00:00+09'::timestamptz, '2012-02-28 00:00+09', '1 day') AS d;

SELECT set_eq(
    $$SELECT partition::text, is_due, obstacle_code FROM aegis.retention_candidates()
       WHERE parent = 'aegis.stock_transactions'::regclass$$,
    $$VALUES ('aegis.stock_transactions_p2012_01', TRUE, NULL::text), ('aegis.stock_transactions_p2012_02', TRUE, NULL),
             ('aegis.stock_transactions_p2012_03', TRUE, NULL)$$,
    'old partitions are due'
);

-- What a partition is judged by.
SAVEPOINT late;
UPDATE aegis.stock_transactions SET price = price + 1, last_updated = clock_timestamp() - INTERVAL '6 years'
 WHERE trade_date = '2012-01-03';
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'AEP51', NULL,
                 'a row corrected within the term keeps its whole partition, whatever its bounds say');
ROLLBACK TO late;
INSERT INTO aegis.stock_transactions (
    stock_code, trade_date, transaction_id, account_id, side, quantity, price, executed_at, source, source_rank,
    batch_number, last_updated
)
VALUES ('005930', '2012-01-04', 'late', 'a', 'buy', 1, 1, '2012-01-04 10:00+09', 'broker', 100, 1, '2012-01-04 10:00+09');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'AEP51', NULL,
                 'a row that came lately postpones it: more may follow');
ROLLBACK TO late;

SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_default')$$, 'AEP50', NULL,
                 'the default partition always stays');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions')$$, 'AEP50', NULL, 'a table is no partition');
SELECT throws_ok($$SELECT aegis.archive_partition(NULL)$$, 'AEP50', NULL, 'nor is nothing');
SELECT throws_ok(
    format($$SELECT aegis.archive_partition('aegis.stock_transactions_p%s')$$, to_char(now() AT TIME ZONE 'Asia/Seoul', 'YYYY_MM')),
    'AEP51', NULL, 'the present month is not due'
);

-- Legal holds, by each condition.
SAVEPOINT hold;
CALL aegis.place_hold('court', p_codes => '{000660}', p_from => '2012-01-01', p_to => '2012-01-31');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'AEP52', NULL,
                 'a hold on a code and days keeps the partition');
SELECT lives_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_02')$$, 'and only that one');
ROLLBACK TO hold;
CALL aegis.place_hold('court', p_subjects => '{account-1}');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'AEP52', NULL,
                 'a hold on a subject keeps it');
SELECT lives_ok($$SELECT aegis.archive_partition('aegis.user_activity_logs_p2012_01')$$,
                'tables without that subject go on');
ROLLBACK TO hold;
CALL aegis.place_hold('court', p_tables => '{aegis.user_activity_logs_p2012_01}', p_codes => '{005930}');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.user_activity_logs_p2012_02')$$, 'AEP52', NULL,
                 'a hold that names the table keeps it even where it has no column for a condition');
ROLLBACK TO hold;

-- The clock.
SAVEPOINT clock;
INSERT INTO aegis.ledger (kind, subject, acted_at) VALUES ('archive', 'x', clock_timestamp() + INTERVAL '1 hour');
SELECT throws_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'AEP53', NULL,
                 'with the clock behind the ledger nothing is judged');
ROLLBACK TO clock;

-- The archive itself.
CREATE TEMP TABLE before AS SELECT * FROM aegis.stock_transactions_p2012_01;
CREATE TEMP TABLE log_before AS SELECT * FROM aegis.user_activity_logs_p2012_01;
SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01') AS trades \gset
SELECT aegis.archive_partition('aegis.user_activity_logs_p2012_01') AS logs \gset
SELECT set_eq('SELECT * FROM aegis_archive.stock_transactions_p2012_01', 'SELECT * FROM before', 'its rows are all there');
SELECT is_empty($$SELECT FROM aegis.stock_transactions WHERE trade_date < '2012-02-01'$$, 'and no longer in the table');
SELECT ok(
    (SELECT l.kind = 'archive' AND l.row_count = (SELECT count(*) FROM before)
            AND l.digest = (aegis.rows_digest('before')).digest
       FROM aegis.ledger AS l WHERE l.ledger_id = :trades),
    'the ledger has count and digest, and a copy of the rows has the same digest'
);
SELECT throws_ok('DELETE FROM aegis_archive.stock_transactions_p2012_01', 'AEP01', NULL, 'an archive is protected from DELETE');
SELECT throws_ok('TRUNCATE aegis_archive.stock_transactions_p2012_01', 'AEP02', NULL, 'from TRUNCATE');
SELECT throws_ok('UPDATE aegis_archive.stock_transactions_p2012_01 SET price = 1', 'AEP04', NULL, 'and from UPDATE');
SELECT ok((SELECT s.is_protected FROM aegis.protection_status AS s
            WHERE s.relation = 'aegis_archive.stock_transactions_p2012_01'), 'it is registered, and all guards stand');
SELECT ok(has_table_privilege('aegis_reader', 'aegis_archive.stock_transactions_p2012_01', 'SELECT')
          AND NOT has_table_privilege('aegis_reader', 'aegis_archive.user_activity_logs_p2012_01', 'SELECT')
          AND has_table_privilege('aegis_auditor', 'aegis_archive.user_activity_logs_p2012_01', 'SELECT'),
          'whoever might read the table may read the archive');

-- Verified afterwards; a difference is told.
SELECT is(aegis.verify_archive(:trades), (SELECT count(*) FROM before), 'what was archived can be verified');
SELECT isnt((SELECT s.verified_at FROM aegis.archive_status AS s WHERE s.archive_id = :trades), NULL, 'and that is kept');
SELECT throws_ok('SELECT aegis.verify_archive(-1)', 'AEP50', NULL, 'an unknown archive is told');
SELECT throws_ok(format('SELECT aegis.drop_archive(%s)', :trades), 'AEP55', NULL, 'archives of trades are never dropped');
SELECT throws_ok(format('SELECT aegis.drop_archive(%s)', :logs), 'AEP55', NULL, 'those of logs not before they are verified');
SELECT is(aegis.verify_archive(:logs), (SELECT count(*) FROM log_before), 'which they now are');
SELECT throws_ok(format('SELECT aegis.drop_archive(%s)', :logs), 'AEP55', NULL, 'nor before their second term');

-- A month that comes again gets a name of its own.
SELECT aegis.ensure_partitions('aegis.stock_transactions', '2012-01-01', '2012-01-31');
INSERT INTO aegis.stock_transactions (
    stock_code, trade_date, transaction_id, account_id, side, quantity, price, executed_at, source, source_rank,
    batch_number, created_at, last_updated
)
VALUES ('005930', '2012-01-04', 'late', 'a', 'buy', 1, 1, '2012-01-04 10:00+09', 'broker', 100, 1, '2012-01-05 10:00+09',
        '2012-01-04 10:00+09');
SELECT lives_ok($$SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01')$$, 'late rows are archived in their turn');
SELECT is((SELECT count(*) FROM aegis_archive.stock_transactions_p2012_01_2), 1::bigint, 'beside the first archive');

SELECT * FROM finish();
ROLLBACK;
