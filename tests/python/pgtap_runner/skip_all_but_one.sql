-- Skipped, and yet something ran.
SELECT '1..0 # SKIP needs the moon';
SELECT 'ok 1 - ran all the same';
