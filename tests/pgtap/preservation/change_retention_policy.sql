-- Preservation: terms change with a reason, within their bounds, and every version is kept.
BEGIN;
SELECT plan(15);

SELECT results_eq(
    $$SELECT DISTINCT retention_class, keep_term, final_action FROM aegis.retention_policies WHERE retention_class <> 'market' ORDER BY 1$$,
    $$VALUES ('log', INTERVAL '2 years', 'drop'), ('realtime', '30 days', 'drop'), ('trade', '7 years', 'archive')$$,
    'trades stay seven years and then in the archive, logs two years, real-time data thirty days'
);

CREATE FUNCTION pg_temp.refused(call text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok('CALL aegis.change_retention_policy(' || call || ')', 'AEP56', NULL, description)
$$;
SELECT pg_temp.refused($$'stock_transactions', 'less', p_keep => '6 years 364 days'$$, 'no term goes below its minimum');
SELECT pg_temp.refused($$'stock_ticks', ' ', p_keep => '60 days'$$, 'a change needs a reason');
SELECT pg_temp.refused($$'nothing', 'why', p_keep => '60 days'$$, 'a policy');
SELECT pg_temp.refused($$'stock_ticks', 'why', p_keep => '720 hours 1 second'$$, 'and whole days');
SELECT pg_temp.refused($$'stock_transactions', 'why', p_final_action => 'drop', p_archive => '1 day'$$, 'trades are never dropped');
SELECT pg_temp.refused($$'stock_transactions', 'why', p_archive => '1 day'$$, 'so they have no second term');
SELECT pg_temp.refused($$'stock_ticks', 'why', p_archive => '-1 day'$$, 'a term is not negative');
SELECT pg_temp.refused($$'stock_ticks', 'why', p_final_action => 'shred'$$, 'there are two ways to end');

SELECT lives_ok($$CALL aegis.change_retention_policy('stock_ticks', 'desk asked', p_keep => '90 days', p_export_required => FALSE)$$,
                'longer is allowed');
SELECT is((SELECT (y.keep_term, y.is_export_required, y.data_version, y.change_reason)::text FROM aegis.retention_policies AS y
            WHERE y.table_name = 'stock_ticks'),
          (INTERVAL '90 days', FALSE, 2, 'desk asked'::text)::text, 'and in force');
SELECT lives_ok($$CALL aegis.change_retention_policy('stock_ticks', 'again', p_keep => '90 days')$$, 'what is in force already');
SELECT is((SELECT y.data_version FROM aegis.retention_policies AS y WHERE y.table_name = 'stock_ticks'), 2, 'changes nothing');
SELECT is((SELECT l.detail -> 'before' ->> 'keep_term' FROM aegis.ledger AS l
            WHERE l.kind = 'rule_change' AND l.subject = 'retention of aegis.stock_ticks'), '30 days',
          'the former version is in the ledger');
SELECT throws_ok('DELETE FROM aegis.retention_policies', 'AEP01', NULL, 'no policy is taken away');

SELECT * FROM finish();
ROLLBACK;
