-- A failure that is expected.
BEGIN;
SELECT plan(2);
SELECT todo('not written yet', 1);
SELECT ok(false, 'will come');
SELECT ok(true, 'is there');
SELECT * FROM finish();
ROLLBACK;
