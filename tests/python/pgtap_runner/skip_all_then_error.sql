-- Skipped, and then the session breaks.
SELECT '1..0 # SKIP needs the moon';
SELECT 1/0;
