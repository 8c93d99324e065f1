-- Every statement commits itself.
SELECT plan(1);
SELECT ok(true, 'first');
SELECT * FROM finish();
