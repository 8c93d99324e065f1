-- Half a statement.
BEGIN;
SELECT plan(1);
SELECT ok(true, 'before');
SELEKT 1;
SELECT * FROM finish();
ROLLBACK;
