-- Preservation: a soft delete can be undone, and both stay on record.
BEGIN;
SELECT plan(9);

INSERT INTO aegis.stocks (stock_code, stock_name, source, source_rank, batch_number, last_updated)
SELECT c, c, 'manual', 110, 1, 'epoch' FROM unnest(ARRAY['000660', '005930', '0115H0']) AS c;
GRANT aegis_operator TO CURRENT_USER;
CREATE TEMPORARY VIEW acts AS TABLE aegis.ledger;
GRANT SELECT ON acts TO aegis_operator;
SET LOCAL ROLE aegis_operator;
SELECT verdict FROM aegis.soft_delete('aegis.stocks', '[{"stock_code": "005930"}, {"stock_code": "000660"}]', 'wrong') \g /dev/null

SELECT results_eq(
    $$SELECT key_number, verdict FROM aegis.restore_deleted('aegis.stocks',
        '[{"stock_code": "0115H0"}, {"stock_code": "005930"}, {"stock_code": "none"}, {"stock_code": "005930"}]', 'right')$$,
    $$VALUES (1::bigint, 'already_active'), (2, 'restored'), (3, 'not_found'), (4, 'duplicate')$$,
    'each key gets its verdict'
);
SELECT set_eq('SELECT stock_code, is_active, data_version, num_nonnulls(deleted_at, deleted_by, delete_reason) FROM aegis.stocks',
              $$VALUES ('005930', TRUE, 3, 0), ('000660', FALSE, 2, 3), ('0115H0', TRUE, 1, 0)$$,
              'a restored row is active in a new version, without traces of the deletion');
SELECT set_eq($$SELECT data_version, is_active, delete_reason, deleted_by FROM aegis.stocks_history WHERE stock_code = '005930'$$,
              $$VALUES (1, TRUE, NULL, NULL), (2, FALSE, 'wrong', SESSION_USER::text)$$, 'which its history keeps');
SELECT results_eq($$SELECT row_count, detail ->> 'reason' FROM pg_temp.acts WHERE kind = 'restore'$$, $$VALUES (1::bigint, 'right')$$,
                  'who restored it and why is in the ledger');
SELECT results_eq($$SELECT verdict FROM aegis.restore_deleted('aegis.stocks', '{"stock_code": "005930"}', 'again')$$,
                  $$VALUES ('already_active')$$, 'a repetition says so');
SELECT is((SELECT count(*) FROM pg_temp.acts WHERE kind = 'restore'), 1::bigint, 'and is no act');
SELECT throws_ok($$SELECT aegis.restore_deleted('aegis.stocks', '{"stock_code": "000660"}', '')$$, 'AEP44', NULL, 'a reason is needed');
SELECT throws_ok($$SELECT aegis.restore_deleted('aegis.stocks', '{}', 'x')$$, 'AEP41', NULL, 'and a key');
RESET ROLE;
SET LOCAL ROLE aegis_reader;
SELECT throws_ok($$SELECT aegis.restore_deleted('aegis.stocks', '{"stock_code": "000660"}', 'x')$$, '42501', NULL, 'and the right to');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
