-- A row that reads like TAP is TAP.
SELECT '1..1';
SELECT 'ok 1 - meant';
SELECT 'ok' AS by_chance;
