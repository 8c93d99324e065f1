-- Unknown is not true.
BEGIN;
SELECT plan(1);
SELECT ok(NULL, 'unknown');
SELECT * FROM finish();
ROLLBACK;
