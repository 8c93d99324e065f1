-- psql dies after the last assertion passed.
BEGIN;
SELECT plan(1);
SELECT ok(true, 'before');
SELECT * FROM finish();
ROLLBACK;
\! kill -9 $PPID
