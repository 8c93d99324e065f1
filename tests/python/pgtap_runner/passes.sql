-- Three assertions, all true.
BEGIN;
SELECT plan(3);
SELECT ok(true, 'true is true');
SELECT is(1 + 1, 2, 'one and one is two');
SELECT throws_ok('SELECT 1/0', '22012', NULL, 'division by zero has a code');
SELECT * FROM finish();
ROLLBACK;
