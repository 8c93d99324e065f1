-- Preservation: recording an attempt never stands in the way of refusing it.
BEGIN;
SELECT plan(3);

SELECT lives_ok($$SELECT aegis_guard.record_attempt('pg_class', 'DELETE', 'AEP01')$$, 'an attempt is recorded');
DO $revoke$
DECLARE
    v_function regprocedure;                               -- from 17 on it has a fourth parameter
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_proc AS p WHERE p.proname = 'pg_logical_emit_message' LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END
$revoke$;
SET LOCAL ROLE aegis_guard;
SELECT lives_ok($$SELECT aegis_guard.record_attempt('pg_class', 'DELETE', 'AEP01')$$,
                'without the right to write the message nothing fails');
SELECT throws_ok('DELETE FROM aegis.protected_tables', 'AEP01', NULL, 'and the DELETE is refused with its own code');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
