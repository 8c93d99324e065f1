-- The second number is missing.
SELECT '1..2';
SELECT 'ok 1';
SELECT 'ok 3';
