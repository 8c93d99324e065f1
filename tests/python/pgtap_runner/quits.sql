-- psql stops reading half-way, of its own will.
BEGIN;
SELECT plan(2);
SELECT ok(true, 'before');
\q
SELECT ok(true, 'after');
SELECT * FROM finish();
ROLLBACK;
