-- Rows that are no TAP are passed over.
BEGIN;
SELECT plan(1);
SELECT 42;
SELECT 'oklahoma';
SELECT NULL, 1.5, ARRAY['a', 'b'];
SELECT ok(true, 'first');
SELECT * FROM finish();
ROLLBACK;
