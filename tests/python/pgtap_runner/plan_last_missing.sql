-- no_plan() without finish(): nobody printed a plan.
BEGIN;
SELECT * FROM no_plan();
SELECT ok(true, 'first');
ROLLBACK;
