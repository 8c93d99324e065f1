-- Planned one, ran two.
BEGIN;
SELECT plan(1);
SELECT ok(true, 'first');
SELECT ok(true, 'second');
SELECT * FROM finish();
ROLLBACK;
