-- diag() says something between assertions.
BEGIN;
SELECT plan(2);
SELECT diag('before all');
SELECT ok(true, 'first');
SELECT diag(E'two\nlines');
SELECT ok(true, 'second');
SELECT * FROM finish();
ROLLBACK;
