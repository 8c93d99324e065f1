-- COMMIT instead of ROLLBACK.
BEGIN;
SELECT plan(1);
SELECT ok(true, 'first');
SELECT * FROM finish();
COMMIT;
