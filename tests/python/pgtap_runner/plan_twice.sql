-- Two plans.
SELECT '1..1';
SELECT 'ok 1';
SELECT '1..1';
