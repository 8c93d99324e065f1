-- no_plan(): finish() prints the plan.
BEGIN;
SELECT * FROM no_plan();
SELECT ok(true, 'first');
SELECT ok(true, 'second');
SELECT * FROM finish();
ROLLBACK;
