-- All assertions passed, then the session broke.
BEGIN;
SELECT plan(1);
SELECT ok(true, 'before');
SELECT * FROM finish();
ROLLBACK;
SELECT 1/0;
