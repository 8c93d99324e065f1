-- Preservation: one person is erased wherever personal data lies, provably, and does not come back.
BEGIN;
SELECT plan(39);

SELECT aegis.ensure_partitions('aegis.user_activity_logs', '2012-01-01', '2012-01-31');
SELECT aegis.ensure_partitions('aegis.stock_transactions', '2012-01-01', '2012-01-31');
INSERT INTO aegis.user_activity_logs (occurred_at, user_id, activity, detail, client_address)
SELECT d, 'user-' || n % 2, 'login', jsonb_build_object('phone', '010-1234'), '10.0.0.1'
  FROM generate_series('2012-01-02 00:00+09'::timestamptz, '2012-01-21 00:00+09', '1 day') WITH ORDINALITY AS g (d, n);
INSERT INTO aegis.user_activity_logs (user_id, activity, detail) VALUES ('user-1', 'order', '{"x": 1}'), ('user-0', 'order', '{"x": 2}');
INSERT INTO aegis.api_request_logs (user_id, method, path, client_address) VALUES ('user-1', 'GET', '/accounts/user-1', '10.0.0.1');
INSERT INTO aegis.stock_transactions (
    stock_code, trade_date, transaction_id, account_id, side, quantity, price, executed_at, source, source_rank,
    batch_number, created_at, last_updated
)
SELECT '005930', (d AT TIME ZONE 'Asia/Seoul')::date, 't' || n, 'user-1', 'buy', 1, 100 + n, d + '12 hours', 'broker', 100, 1,
       d + '13 hours', d + '12 hours'
  FROM unnest('{2012-01-03 00:00+09,2012-01-04 00:00+09}'::timestamptz[] || date_trunc('day', now(), 'Asia/Seoul'))
       WITH ORDINALITY AS g (d, n);
UPDATE aegis.stock_transactions SET fee = 5 WHERE transaction_id = 't3';
SELECT aegis.archive_partition('aegis.user_activity_logs_p2012_01') AS logs \gset
SELECT aegis.archive_partition('aegis.stock_transactions_p2012_01') AS trades \gset

-- A deletion has taken two of the rows to the vault.
CREATE ROLE first_person IN ROLE aegis_operator;
CREATE ROLE second_person IN ROLE aegis_approver;
SET SESSION AUTHORIZATION first_person;
SELECT aegis.request_deletion('aegis.user_activity_logs', '[{"column": "activity", "operator": "=", "value": "order"}]', 2, 'why') AS request \gset
SET SESSION AUTHORIZATION second_person;
CALL aegis.approve_deletion(:request);
SET SESSION AUTHORIZATION first_person;
CALL aegis.emergency_deletion(:request);
RESET SESSION AUTHORIZATION;

SELECT throws_ok($$CALL aegis.purge_personal_data('', 'DSR-1', 'asked')$$, 'AEP63', NULL, 'a subject is needed');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', ' ', 'asked')$$, 'AEP63', NULL, 'a reference');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', 'DSR-1', NULL)$$, 'AEP63', NULL, 'a reason');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', 'DSR-1', 'user-1 asked')$$, 'AEP63', NULL,
                 'which does not name the person for ever');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-9', 'DSR-1', 'asked')$$, 'AEP63', NULL, 'an unknown subject is told');
SELECT throws_ok($$CALL aegis.purge_personal_data('%', 'DSR-1', 'asked')$$, 'AEP63', NULL, 'and never a pattern');
SELECT throws_ok($$CALL aegis.purge_personal_data('x'' OR TRUE OR ''x', 'DSR-1', 'asked')$$, 'AEP63', NULL, 'or an injection');

SAVEPOINT hold;
CALL aegis.place_hold('court', p_subjects => '{user-1}');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', 'DSR-1', 'asked')$$, 'AEP52', NULL, 'a hold on the person');
ROLLBACK TO hold;
CALL aegis.place_hold('court', p_tables => '{aegis.stock_transactions}', p_from => '2012-01-01', p_to => '2012-01-31');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', 'DSR-1', 'asked')$$, 'AEP52', NULL, 'or on a row in an archive');
ROLLBACK TO hold;

SELECT throws_ok($$UPDATE aegis.user_activity_logs SET user_id = NULL$$, 'AEP04', NULL, 'nobody erases in another way');

CREATE TEMP TABLE others AS
SELECT * FROM aegis.user_activity_logs WHERE user_id = 'user-0'
UNION ALL SELECT * FROM aegis_archive.user_activity_logs_p2012_01 WHERE user_id = 'user-0';
CREATE TEMP TABLE restored AS SELECT * FROM aegis.stock_transactions;
CALL aegis.purge_personal_data('user-1', 'DSR-1', 'asked') \gset
SELECT isnt(:p_certificate::bigint, NULL, 'the person is erased, and there is a certificate');

-- Nothing names the person any more, anywhere.
CREATE FUNCTION pg_temp.mentions(needle text) RETURNS TABLE (place text) LANGUAGE plpgsql AS $$
DECLARE
    v_table regclass;
    v_found boolean;
BEGIN
    FOR v_table IN
        SELECT c.oid FROM pg_class AS c
         WHERE c.relkind = 'r' AND c.relnamespace IN ('aegis'::regnamespace, 'aegis_guard'::regnamespace, 'aegis_archive'::regnamespace)
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s AS r WHERE to_jsonb(r)::text LIKE ''%%'' || $1 || ''%%'')', v_table)
           INTO v_found USING needle;
        IF v_found THEN
            place := v_table;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
SELECT is_empty($$SELECT * FROM pg_temp.mentions('user-1')$$, 'no table, history, archive, vault or ledger names the person');
SELECT is((SELECT count(*) FROM aegis_archive.user_activity_logs_p2012_01), 20::bigint, 'no row is lost in the archive');
SELECT is((SELECT count(*) FROM aegis_archive.user_activity_logs_p2012_01 WHERE user_id IS NULL AND detail = '{}' AND client_address IS NULL),
          10::bigint, 'only what is personal');
SELECT is((SELECT count(*) FROM aegis.api_request_logs WHERE user_id IS NULL AND path = ''), 1::bigint, 'also where null is not allowed');
SELECT set_eq(
    $$SELECT * FROM aegis_archive.user_activity_logs_p2012_01 WHERE user_id = 'user-0'$$, 'SELECT * FROM others',
    'other persons are untouched');
SELECT is((SELECT count(DISTINCT account_id) FROM (SELECT account_id FROM aegis.stock_transactions
             UNION ALL SELECT account_id FROM aegis_archive.stock_transactions_p2012_01
             UNION ALL SELECT account_id FROM aegis.stock_transactions_history) AS t WHERE account_id LIKE 'pseudonym:%'),
          1::bigint, 'trades keep one pseudonym, in table, archive and history');
SELECT is((SELECT row_data ->> 'user_id' FROM aegis.deleted_rows WHERE row_data -> 'detail' = '{}'), NULL, 'the vault forgets, too');
SELECT is((SELECT count(*) FROM aegis.deleted_rows WHERE row_data ->> 'user_id' = 'user-0'), 1::bigint, 'that person alone');

-- Evidence still adds up.
SELECT lives_ok(format('SELECT aegis.verify_archive(%s), aegis.verify_archive(%s)', :logs, :trades),
                'archives verify against what the erasure left');
SELECT ok((SELECT l.kind = 'erasure' AND l.row_count = 17 AND l.digest IS NOT NULL
                  AND l.detail ->> 'subject_hash' = encode(aegis_guard._subject_hash('user-1'), 'hex')
             FROM aegis.ledger AS l WHERE l.ledger_id = :p_certificate),
          'the certificate counts and digests the rows, and knows the person by a keyed hash');
SELECT is((SELECT count(*) FROM aegis_guard.tickets AS t
            WHERE t.operation = 'ERASE' AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = t.ticket_id)),
          0::bigint, 'no ticket of it is left open');
SELECT throws_ok($$UPDATE aegis.user_activity_logs SET user_id = NULL$$, 'AEP04', NULL, 'the tables are closed again');
SELECT throws_ok($$CALL aegis.purge_personal_data('user-1', 'DSR-1', 'asked')$$, 'AEP63', NULL, 'who was erased is unknown');

SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.stock_transactions')$$, 'the seals over trades agree with what is left');
SELECT is_empty($$SELECT * FROM aegis.verify_seals('aegis.user_activity_logs')$$, 'and those over logs');

-- A restore brings the person back; erasures are applied again.
INSERT INTO aegis.user_activity_logs (user_id, activity) VALUES ('user-1', 'restored'), ('user-0', 'restored');
INSERT INTO aegis.option_trades (
    stock_code, trade_date, trade_id, option_code, option_type, strike_price, expires_on, account_id, side, quantity, price,
    executed_at, source, source_rank, batch_number, last_updated
)
VALUES ('005930', '2024-01-02', 'o1', '201V3300', 'call', 300, '2024-03-14', 'user-1', 'buy', 1, 1, '2024-01-02 10:00+09', 'broker', 100, 1,
        '2024-01-02 10:00+09');
SELECT is(aegis.reapply_erasures(), 3::bigint, 'what came back is erased again, with the version that this superseded');
SELECT is_empty($$SELECT * FROM pg_temp.mentions('user-1')$$, 'everywhere');
SELECT is(aegis.reapply_erasures(), 0::bigint, 'a second time there is nothing to do');
CALL aegis.restore_from_vault(:request, 'they were right');
SELECT is_empty($$SELECT * FROM pg_temp.mentions('user-1')$$, 'nor does the person come back from the vault');
SELECT is((SELECT count(*) FROM aegis.user_activity_logs WHERE activity = 'order'), 2::bigint, 'though the rows do');

-- Certificates from outside, for a database that was restored to a moment before.
INSERT INTO aegis.user_activity_logs (user_id, activity) VALUES ('user-7', 'login');
SELECT throws_ok($$SELECT aegis.reapply_erasures('[{"subject_hash": "user-7"}]')$$, 'AEP63', NULL, 'certificates must be certificates');
SELECT is(
    aegis.reapply_erasures(jsonb_build_array(jsonb_build_object(
        'subject_hash', encode(aegis_guard._subject_hash('user-7'), 'hex'), 'certificate_id', 81, 'request_reference', 'DSR-7'))),
    1::bigint, 'certificates kept outside are applied');

-- A column added later.
ALTER TABLE aegis.user_activity_logs ADD COLUMN device text;
INSERT INTO aegis.user_activity_logs (user_id, activity, device) VALUES ('user-0', 'login', 'phone of user-0');
SELECT throws_ok($$CALL aegis.register_personal_column('aegis.user_activity_logs', 'activity_id', FALSE, 'erase', 'x')$$, 'AEP64', NULL,
                 'a key column cannot be registered');
SELECT throws_ok($$CALL aegis.register_personal_column('aegis.stock_prices', 'source', FALSE, 'erase', 'x')$$, 'AEP64', NULL,
                 'nor one of a table without subject');
SELECT throws_ok($$CALL aegis.register_personal_column('aegis.user_activity_logs', 'user_id', TRUE, 'pseudonymise', 'x')$$, 'AEP64', NULL,
                 'nor another treatment of a registered one');
SELECT lives_ok($$CALL aegis.register_personal_column('aegis.user_activity_logs', 'device', FALSE, 'erase', 'identifies a phone')$$,
                'a column added later can');
CALL aegis.purge_personal_data('user-0', 'DSR-2', 'asked');
SELECT is_empty($$SELECT * FROM pg_temp.mentions('user-0')$$, 'and is erased, while archives without it are none the worse');
SELECT lives_ok(format('SELECT aegis.verify_archive(%s)', :logs), 'and verify');

SELECT * FROM finish();
ROLLBACK;
