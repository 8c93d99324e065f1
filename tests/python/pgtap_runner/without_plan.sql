-- pgTAP refuses an assertion before the plan.
BEGIN;
SELECT ok(true, 'hasty');
SELECT * FROM finish();
ROLLBACK;
