-- One of three is false, with diagnostics.
BEGIN;
SELECT plan(3);
SELECT ok(true, 'first');
SELECT is(1, 2, 'one is two');
SELECT ok(true, 'third');
SELECT * FROM finish();
ROLLBACK;
