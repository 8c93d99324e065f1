-- A plan belongs to an end.
SELECT 'ok 1';
SELECT '1..2';
SELECT 'ok 2';
