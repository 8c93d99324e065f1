-- An expected failure that does not happen is reported and passes.
BEGIN;
SELECT plan(2);
SELECT todo('not written yet', 1);
SELECT ok(true, 'came early');
SELECT ok(true, 'is there');
SELECT * FROM finish();
ROLLBACK;
