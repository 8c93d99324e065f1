-- An SQL error ends the session.
BEGIN;
SELECT plan(2);
SELECT ok(true, 'before');
SELECT 1/0;
SELECT ok(true, 'after');
SELECT * FROM finish();
ROLLBACK;
