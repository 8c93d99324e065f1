-- Planned three, ran two.
BEGIN;
SELECT plan(3);
SELECT ok(true, 'first');
SELECT ok(true, 'second');
SELECT * FROM finish();
ROLLBACK;
