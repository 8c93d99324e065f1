-- Preservation: every act leaves a row that nobody can forge, change or take away.
BEGIN;
SELECT plan(12);

SET LOCAL ROLE aegis_owner;
SELECT aegis_guard._record_act('archive', 'aegis.stock_prices_p2019_01', 2700, sha256('x'), '{"until": "2019-02-01"}', 7)
    AS number \gset
SELECT results_eq(
    format('SELECT kind, subject, row_count, digest, detail, batch_number FROM aegis.ledger WHERE ledger_id = %s', :number),
    $$VALUES ('archive' COLLATE "C", 'aegis.stock_prices_p2019_01' COLLATE "C", 2700::bigint, sha256('x'),
              '{"until": "2019-02-01"}'::jsonb, 7::bigint)$$,
    'an act is kept as it was described'
);
SELECT results_eq(
    format('SELECT acted_by = SESSION_USER, transaction_id, acted_at BETWEEN now() AND clock_timestamp() FROM aegis.ledger
             WHERE ledger_id = %s', :number),
    $$SELECT TRUE, pg_current_xact_id(), TRUE$$,
    'who, when and in which transaction is written by the server'
);
SELECT lives_ok($$SELECT aegis_guard._record_act('rule_change', 'gap', NULL, NULL, NULL)$$,
                'an act may have no rows, no digest and no particulars');
SELECT throws_ok($$SELECT aegis_guard._record_act(NULL, 'x')$$, 'AEP70', NULL, 'an act has a kind');
SELECT throws_ok($$SELECT aegis_guard._record_act('archive', ' ')$$, 'AEP70', NULL, 'an act has a subject');
SELECT throws_ok($$SELECT aegis_guard._record_act('archive', 'x', 1, 'short')$$, 'AEP70', NULL, 'a digest has 32 bytes');
SELECT throws_ok($$INSERT INTO aegis.ledger (kind, subject) VALUES ('archive', 'x')$$, '42501', NULL,
                 'the owner of the data writes no act past the routine');
SELECT throws_ok($$UPDATE aegis.ledger SET row_count = 0$$, '42501', NULL, 'and changes none');
SELECT throws_ok($$SELECT setval('aegis.batch_numbers', 1)$$, '42501', NULL, 'and hands out no number twice');
SELECT cmp_ok(aegis_guard._next_batch_number(), '<', aegis_guard._next_batch_number(), 'numbers of acts rise');
RESET ROLE;

SELECT throws_ok('DELETE FROM aegis.ledger', 'AEP01', NULL, 'nobody takes an act away');
SELECT throws_ok('UPDATE aegis.ledger SET row_count = 0', 'AEP04', NULL, 'nobody changes one');

SELECT * FROM finish();
ROLLBACK;
