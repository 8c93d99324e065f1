-- An administrator ends the session.
BEGIN;
SELECT plan(2);
SELECT ok(true, 'before');
SELECT pg_terminate_backend(pg_backend_pid());
SELECT ok(true, 'after');
SELECT * FROM finish();
ROLLBACK;
