-- A description of two lines becomes a comment.
BEGIN;
SELECT plan(1);
SELECT ok(false, E'first line\nok 2 - second line');
SELECT * FROM finish();
ROLLBACK;
