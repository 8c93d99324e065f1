-- Two assertions that cannot run here.
BEGIN;
SELECT plan(3);
SELECT skip('needs the moon', 2);
SELECT ok(true, 'runs everywhere');
SELECT * FROM finish();
ROLLBACK;
