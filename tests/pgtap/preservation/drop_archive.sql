-- Preservation: an archive goes only where its class lets it, past its second term, exported where that is asked.
BEGIN;
SELECT plan(20);

SELECT is((SELECT count(*) FROM aegis.retention_policies WHERE final_action = 'drop' AND retention_class NOT IN ('log', 'realtime')),
          0::bigint, 'only logs and real-time data may ever be dropped');
SELECT throws_ok($$UPDATE aegis.retention_policies SET final_action = 'drop', archive_term = '1 day' WHERE table_name = 'stock_transactions'$$,
                 '23514', NULL, 'which not even the owner can change for trades');

-- Archives as they are a year later.
CREATE FUNCTION pg_temp.archive(table_name text, archive_name text, number bigint, archived interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE aegis_owner;
    EXECUTE format('CREATE TABLE aegis_archive.%I (LIKE aegis.%I INCLUDING ALL)', archive_name, table_name);
    RESET ROLE;
    IF table_name = 'stock_ticks' THEN
        EXECUTE format($sql$INSERT INTO aegis_archive.%I (stock_code, trade_date, traded_at, price, volume, source, batch_number)
                            VALUES ('005930', '2024-01-02', '2024-01-02 10:00+09', 100, 1, 'feed', 1)$sql$, archive_name);
    ELSE
        EXECUTE format($sql$INSERT INTO aegis_archive.%I (occurred_at, activity) VALUES ('2012-01-02 10:00+09', 'login')$sql$, archive_name);
    END IF;
    CALL aegis.protect_table(format('aegis_archive.%I', archive_name)::regclass, 'archive', NULL, TRUE);
    INSERT INTO aegis.archived_partitions (
        archive_id, schema_name, table_name, partition_name, archive_name, lower_bound, upper_bound, newest_event_on,
        row_count, digest, column_names, archived_at
    )
    SELECT number, 'aegis', table_name, archive_name, archive_name, '2024-01-02', '2024-01-03', '2024-01-02',
           d.row_count, d.digest, d.column_names, now() - archived
      FROM aegis.rows_digest(format('aegis_archive.%I', archive_name)::regclass) AS d;
END $$;
SELECT pg_temp.archive('user_activity_logs', 'old_logs', -1, '1 year');
SELECT pg_temp.archive('user_activity_logs', 'young_logs', -2, '80 days');
SELECT pg_temp.archive('stock_ticks', 'old_ticks', -3, '1 year');

SELECT throws_ok('SELECT aegis.drop_archive(-1)', 'AEP55', NULL, 'an archive that was never verified stays');
SELECT is(aegis.verify_archive(-1) + aegis.verify_archive(-2) + aegis.verify_archive(-3), 3::bigint, 'they are verified');
SELECT throws_ok('SELECT aegis.drop_archive(-2)', 'AEP55', NULL, 'within its second term it stays');
SELECT throws_ok('SELECT aegis.drop_archive(-3)', 'AEP55', NULL, 'where an export is asked for, it stays without one');
SELECT throws_ok('SELECT aegis.drop_archive(-9)', 'AEP50', NULL, 'what is unknown is told');

SAVEPOINT hold;
CALL aegis.place_hold('court', p_from => '2012-01-01', p_to => '2012-12-31');
SELECT throws_ok('SELECT aegis.drop_archive(-1)', 'AEP52', NULL, 'a hold placed after archiving keeps the archive');
ROLLBACK TO hold;

INSERT INTO aegis_archive.old_logs (occurred_at, activity) VALUES ('2012-01-03 10:00+09', 'smuggled in');
SELECT throws_ok('SELECT aegis.drop_archive(-1)', 'AEP54', NULL, 'an archive that is not what was archived stays for analysis');
SELECT throws_ok('SELECT aegis.verify_archive(-1)', 'AEP54', NULL, 'and is told by verification');
ROLLBACK TO hold;

SELECT is(aegis.drop_archive(-1), 1::bigint, 'then it goes');
SELECT hasnt_table('aegis_archive', 'old_logs', 'for good');
SELECT is_empty($$SELECT FROM aegis.protected_tables WHERE table_name = 'old_logs'$$, 'out of the registry, too');
SELECT ok((SELECT l.row_count = 1 AND l.digest = a.digest AND l.detail ->> 'archive' = 'aegis_archive.old_logs'
             FROM aegis.ledger AS l JOIN aegis.archived_partitions AS a ON a.archive_id = -1 WHERE l.kind = 'drop'),
          'a tombstone with count and digest stays in the ledger');
SELECT throws_ok('SELECT aegis.drop_archive(-1)', 'AEP50', NULL, 'it goes once');

-- Exports.
SELECT throws_ok($$SELECT aegis.record_export(-3, 'old_ticks.csv.gz', 'csv.gz', 1, '\x00', repeat('0', 64))$$, 'AEP69', NULL,
                 'an export of other rows is no export');
SELECT throws_ok($$SELECT aegis.record_export(-3, ' ', 'csv.gz', 1, (aegis.rows_digest('aegis_archive.old_ticks')).digest, 'x')$$,
                 'AEP69', NULL, 'nor one without file and sha256');
SELECT lives_ok($$SELECT aegis.record_export(-3, 's3://bucket/old_ticks.csv.gz', 'csv.gz', 1,
                                             (aegis.rows_digest('aegis_archive.old_ticks')).digest, repeat('0f', 32))$$,
                'a verified one is recorded');
SELECT is((SELECT s.obstacle FROM aegis.archive_status AS s WHERE s.archive_id = -3), NULL, 'and lets the archive go');
SELECT is(aegis.drop_archive(-3), 1::bigint, 'which it does');

SELECT * FROM finish();
ROLLBACK;
