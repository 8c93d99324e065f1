-- A subtest bails out for all.
SELECT '1..1';
SELECT '    Bail out!';
SELECT 'ok 1';
